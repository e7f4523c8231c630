using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class SignalOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void DistinctByRevision_EqualRevisionsInARow_AreOne()
    {
        var source = _time.Hot((100, 1L), (200, 1L), (300, 2L), (400, 1L));

        var seen = _time.Record(source.DistinctByRevision(revision => revision));
        _time.At(500, source.OnCompleted);
        _time.RunTo(1_000);

        Assert.Equal(["100 1", "300 2", "400 1", "500 end"], seen);
        Assert.False(source.HasObservers);
    }

    [Fact]
    public void DistinctByRevision_SourceFails_Fails()
    {
        using var source = new Subject<long>();
        _time.At(100, () => source.OnError(new InvalidOperationException("broken")));

        var seen = _time.Record(source.DistinctByRevision(revision => revision));
        _time.RunTo(1_000);

        Assert.Equal(["100 error: broken"], seen);
    }

    [Fact]
    public void OnItsOwnThread_CurrentValue_IsThereAtOnce()
    {
        using var signal = new BehaviorSubject<string>("now");
        var seen = new List<string>();

        using var subscription = signal.OnItsOwnThread().Subscribe(seen.Add);

        Assert.Equal("now", seen[0]);
    }

    [Fact]
    public async Task OnItsOwnThread_Change_ComesOnAnotherThreadInOrder()
    {
        using var signal = new BehaviorSubject<int>(0);
        var done = new TaskCompletionSource<List<int>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (seen, onThePool, underTheLock) = (new List<int>(), 0, 0);
        var gate = new Lock();
        using var subscription = signal.OnItsOwnThread().Subscribe(
            value =>
            {
                seen.Add(value);
                onThePool += value > 0 && Thread.CurrentThread.IsThreadPoolThread ? 1 : 0;
                underTheLock += gate.IsHeldByCurrentThread ? 1 : 0;
            },
            () => done.SetResult(seen));

        lock (gate)
        {
            for (var i = 1; i <= 100; i++)
            {
                signal.OnNext(i);
            }

            signal.OnCompleted();
        }

        Assert.Equal(Enumerable.Range(0, 101), await done.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal((100, 0), (onThePool, underTheLock)); // not a thread of its own for each subscription
    }

    [Fact]
    public void OnItsOwnThread_Disposed_LetsGo()
    {
        using var signal = new BehaviorSubject<int>(0);
        signal.OnItsOwnThread().Subscribe().Dispose();
        Assert.False(signal.HasObservers);
    }
}
