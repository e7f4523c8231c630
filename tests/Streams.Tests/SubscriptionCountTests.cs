using System.Reactive.Subjects;

namespace AspireAgent.Streams.Tests;

public class SubscriptionCountTests
{
    private readonly SubscriptionCount _count = new();

    [Theory]
    [InlineData("complete")]
    [InlineData("fail")]
    [InlineData("dispose")]
    public void CountedIn_HoweverItEnds_ComesBackToZero(string end)
    {
        var source = new Subject<int>();
        var subscription = source.CountedIn(_count, "turn").Subscribe(_ => { }, _ => { });
        using var other = source.CountedIn(_count, "reader").Subscribe(_ => { }, _ => { });
        Assert.Equal(1, _count.Current["turn"]);

        switch (end)
        {
            case "complete":
                source.OnCompleted();
                break;
            case "fail":
                source.OnError(new InvalidOperationException());
                break;
            default:
                subscription.Dispose();
                subscription.Dispose();
                break;
        }

        Assert.Equal(0, _count.Current["turn"]);
        Assert.Equal(end == "dispose" ? 1 : 0, _count.Current["reader"]);
    }

    [Fact]
    public void Enter_FromManyThreads_CountsEach()
    {
        var entered = new IDisposable[1_000];
        Parallel.For(0, entered.Length, i => entered[i] = _count.Enter("kind"));
        Assert.Equal(entered.Length, _count.Current["kind"]);

        Parallel.ForEach(entered, one => one.Dispose());
        Assert.Equal(0, _count.Current["kind"]);
    }
}
