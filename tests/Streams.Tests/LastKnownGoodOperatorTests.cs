using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class LastKnownGoodOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly List<string> _failures = [];

    [Fact]
    public void LastKnownGood_Failures_SayNothingAndAreTriedAgainEverLater()
    {
        var attempt = 0;
        var source = Observable.Defer(() => ++attempt < 3
            ? Observable.Throw<string>(new IOException($"{attempt}"))
            : Observable.Return($"attempt {attempt}"));

        var seen = _time.Record(Keep(source));
        _time.RunTo(1_000);

        Assert.Equal(["300 attempt 3", "300 end"], seen);
        Assert.Equal(["1", "2"], _failures);
    }

    [Fact]
    public void LastKnownGood_AnItem_EndsTheRowOfFailures()
    {
        var attempt = 0;
        var source = Observable.Defer(() => ++attempt == 2
            ? Observable.Return("good").Concat(Observable.Throw<string>(new IOException("after")))
            : Observable.Throw<string>(new IOException("none")));

        var seen = _time.Record(Keep(source));
        _time.RunTo(250);

        Assert.Equal(["100 good"], seen);
        Assert.Equal(3, attempt); // at 0, 100 and, since the row begins anew, 200
    }

    [Fact]
    public void LastKnownGood_DisposedInAPause_TriesNoMore()
    {
        var attempt = 0;
        var seen = _time.Record(Keep(Observable.Defer(() =>
        {
            attempt++;
            return Observable.Throw<string>(new IOException("down"));
        })));
        _time.RunTo(50);

        seen.Dispose();
        _time.RunTo(10_000);

        Assert.Equal(1, attempt);
    }

    [Fact]
    public void LastKnownGood_Disposed_LetsTheSourceGo()
    {
        var source = new Subject<string>();
        Keep(source).Subscribe().Dispose();
        Assert.False(source.HasObservers);
    }

    private IObservable<string> Keep(IObservable<string> source) => source.LastKnownGood(
        failures => TimeSpan.FromMilliseconds(100 * failures), _time.Scheduler, failure => _failures.Add(failure.Message));
}
