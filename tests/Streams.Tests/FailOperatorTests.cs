using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class FailOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void FailBy_Fault_FailsAndLetsGo()
    {
        var source = _time.Hot((100, "a"), (300, "b"));
        var faults = _time.Hot((200, (Exception)new InvalidOperationException("stalled")));
        var seen = _time.Record(source.FailBy(faults));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 error: stalled"], seen);
        Assert.False(source.HasObservers);
        Assert.False(faults.HasObservers);
    }

    [Fact]
    public void FailBy_SourceEndsOrFails_PassesOnAndLetsGoOfTheFaults()
    {
        var faults = new Subject<Exception>();
        var ended = _time.Record(_time.Hot((100, "a")).Take(1).FailBy(faults));
        var failed = _time.Record(Observable.Throw<string>(new InvalidOperationException("own")).FailBy(faults));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "100 end"], ended);
        Assert.Equal(["0 error: own"], failed);
        Assert.False(faults.HasObservers);
    }

    [Fact]
    public void FailBy_FaultsEndWithoutOne_SourceGoesOn()
    {
        var seen = _time.Record(_time.Hot((100, "a")).FailBy(Observable.Empty<Exception>()));
        _time.RunTo(1_000);

        Assert.Equal(["100 a"], seen);
    }

    [Fact]
    public void FailBy_Disposed_LetsGoOfBoth()
    {
        var (source, faults) = (new Subject<int>(), new Subject<Exception>());
        source.FailBy(faults).Subscribe().Dispose();

        Assert.False(source.HasObservers);
        Assert.False(faults.HasObservers);
    }
}
