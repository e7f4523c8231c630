using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class SnapshotOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void WithSnapshotOf_SignalChanges_EachItemHasTheValueOfItsInstantAndTheSignalSaysNothing()
    {
        var signal = new BehaviorSubject<int>(1);
        _time.At(150, () => signal.OnNext(2));
        _time.At(250, () => signal.OnNext(3));
        _time.At(260, () => signal.OnNext(4));

        var seen = _time.Record(_time.Hot((100, "a"), (200, "b"), (300, "c")).WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        _time.RunTo(1_000);

        Assert.Equal(["100 a1", "200 b2", "300 c4"], seen);
    }

    [Fact]
    public void WithSnapshotOf_NoValueYet_ItemsWaitInOrderAndNoneIsLost()
    {
        var signal = new ReplaySubject<int>(1);
        _time.At(250, () => signal.OnNext(7));

        var seen = _time.Record(_time.Hot((100, "a"), (200, "b"), (300, "c")).WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        _time.RunTo(1_000);

        Assert.Equal(["250 a7", "250 b7", "300 c7"], seen);
    }

    [Fact]
    public void WithSnapshotOf_SourceEndsWhileItemsWait_EndsAfterThem()
    {
        var signal = new ReplaySubject<int>(1);
        _time.At(250, () => signal.OnNext(7));

        var seen = _time.Record(_time.Hot((100, "a")).Take(1).WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        _time.RunTo(1_000);

        Assert.Equal(["250 a7", "250 end"], seen);
    }

    [Fact]
    public void WithSnapshotOf_SignalEnds_ItsLastValueStands()
    {
        var signal = new BehaviorSubject<int>(1).Take(1).Replay(1).AutoConnect(0);

        var seen = _time.Record(_time.Hot((100, "a"), (200, "b")).WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        _time.RunTo(1_000);

        Assert.Equal(["100 a1", "200 b1"], seen);
    }

    [Fact]
    public void WithSnapshotOf_SourceFails_FailsAfterWhatWaits()
    {
        var source = new Subject<string>();
        var signal = new Subject<int>();
        _time.At(300, () => signal.OnNext(7));
        _time.At(100, () => source.OnNext("waits"));
        _time.At(200, () => source.OnError(new InvalidOperationException("broken")));

        var seen = _time.Record(source.WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        _time.RunTo(1_000);

        Assert.Equal(["300 waits7", "300 error: broken"], seen);
        Assert.False(signal.HasObservers);
    }

    [Fact]
    public void WithSnapshotOf_Disposed_LetsGoOfBoth()
    {
        var (source, signal) = (new Subject<string>(), new Subject<int>());
        var seen = _time.Record(source.WithSnapshotOf(signal, (item, value) => $"{item}{value}"));
        source.OnNext("waits");
        Assert.True(signal.HasObservers);

        seen.Dispose();

        Assert.False(source.HasObservers);
        Assert.False(signal.HasObservers);
    }
}
