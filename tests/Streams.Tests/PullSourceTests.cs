using System.Reactive.Linq;
using System.Runtime.CompilerServices;

namespace AspireAgent.Streams.Tests;

public class PullSourceTests
{
    [Fact]
    public async Task FromAsyncEnumerable_Source_EmitsAllAndCompletes() =>
        Assert.Equal([1, 2, 3], await PullSource.FromAsyncEnumerable(_ => Numbers(3)).ToList());

    [Fact]
    public async Task FromAsyncEnumerable_SourceFails_EmitsWhatCameAndTheError()
    {
        var seen = new List<int>();
        var failing = PullSource.FromAsyncEnumerable(_ => Numbers(2, new InvalidOperationException("broken"))).Do(seen.Add);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await failing.LastAsync());

        Assert.Equal("broken", error.Message);
        Assert.Equal([1, 2], seen);
    }

    [Fact]
    public async Task FromAsyncEnumerable_NoRoom_PullsNothingMore()
    {
        var (pulled, room) = (0, new SemaphoreSlim(2));
        var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        var source = PullSource.FromAsyncEnumerable(
            token => Numbers(10, onPull: () => pulled++, cancellationToken: token),
            async token =>
            {
                if (++asked == 3)
                {
                    third.SetResult();
                }

                await room.WaitAsync(token);
            });

        using (source.Subscribe(_ => { }))
        {
            await third.Task;
            Assert.Equal(2, pulled);
        }
    }

    [Fact]
    public async Task FromAsyncEnumerable_Disposed_CancelsTheSourceAndDisposesItsEnumerator()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var subscription = PullSource.FromAsyncEnumerable(token => Endless(started, ended, token)).Subscribe(_ => { });
        await started.Task;

        subscription.Dispose();

        Assert.True(await ended.Task, "the token was not cancelled");
    }

    private static async IAsyncEnumerable<int> Numbers(
        int count, Exception? then = null, Action? onPull = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var i = 1; i <= count; i++)
        {
            await Task.Yield();
            onPull?.Invoke();
            yield return i;
        }

        if (then is not null)
        {
            throw then;
        }
    }

    private static async IAsyncEnumerable<int> Endless(
        TaskCompletionSource started, TaskCompletionSource<bool> ended, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            yield return 1;
        }
        finally
        {
            ended.SetResult(cancellationToken.IsCancellationRequested);
        }
    }
}
