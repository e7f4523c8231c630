using System.Reactive.Subjects;

namespace AspireAgent.Streams.Tests;

public class LatestBridgeTests
{
    [Fact]
    public async Task ReadLatest_SlowReader_LosesTheOldestAndIsTold()
    {
        var (source, dropped) = (new Subject<int>(), new List<int>());
        await using var reader = source.ReadLatestAsync(2, dropped.Add, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        var first = reader.MoveNextAsync();

        source.OnNext(1);
        Assert.True(await first);
        Assert.Equal(1, reader.Current);

        for (var i = 2; i <= 5; i++)
        {
            source.OnNext(i);
        }

        source.OnCompleted();
        var rest = new List<int>();
        while (await reader.MoveNextAsync())
        {
            rest.Add(reader.Current);
        }

        Assert.Equal([4, 5], rest);
        Assert.Equal([2, 3], dropped);
    }

    [Fact]
    public async Task ReadLatest_SourceFails_ThrowsToTheReader()
    {
        var source = new Subject<int>();
        await using var reader = source.ReadLatestAsync(1, cancellationToken: TestContext.Current.CancellationToken).GetAsyncEnumerator();
        var next = reader.MoveNextAsync();

        source.OnError(new InvalidOperationException("broken"));

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await next);
    }

    [Fact]
    public async Task ReadLatest_ReaderLeaves_LetsTheSourceGo()
    {
        var source = new Subject<int>();
        await using (var reader = source.ReadLatestAsync(1, cancellationToken: TestContext.Current.CancellationToken).GetAsyncEnumerator())
        {
            var next = reader.MoveNextAsync();
            Assert.True(source.HasObservers);
            source.OnNext(1);
            await next;
        }

        Assert.False(source.HasObservers);
    }
}
