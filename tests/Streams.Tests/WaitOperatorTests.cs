using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class WaitOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly BehaviorSubject<TimeSpan> _threshold = new(TimeSpan.FromMilliseconds(500));

    [Fact]
    public void WaitsLongerThan_AWaitTooLong_IsToldOnceAndLetsGo()
    {
        var source = _time.Hot((1_000, true), (1_300, false), (1_350, true));

        var seen = _time.Record(Watch(source));
        _time.RunTo(5_000);

        Assert.Equal(["1850 500", "1850 end"], seen);
        Assert.False(source.HasObservers);
        Assert.False(_threshold.HasObservers);
    }

    [Fact]
    public void WaitsLongerThan_ShortenedInMidWait_CountsFromTheSameBeginning()
    {
        _time.At(1_200, () => _threshold.OnNext(TimeSpan.FromMilliseconds(300)));

        var seen = _time.Record(Watch(_time.Hot((1_000, true))));
        _time.RunTo(5_000);

        Assert.Equal(["1300 300", "1300 end"], seen);
    }

    [Fact]
    public void WaitsLongerThan_ShortenedBelowTheRunningWait_TellsAtOnce()
    {
        _time.At(1_400, () => _threshold.OnNext(TimeSpan.FromMilliseconds(100)));

        var seen = _time.Record(Watch(_time.Hot((1_000, true))));
        _time.RunTo(5_000);

        Assert.StartsWith("1400", seen[0], StringComparison.Ordinal);
    }

    [Fact]
    public void WaitsLongerThan_Lengthened_GivesTheRunningWaitMoreTime()
    {
        _time.At(1_400, () => _threshold.OnNext(TimeSpan.FromMilliseconds(2_000)));

        var seen = _time.Record(Watch(_time.Hot((1_000, true))));
        _time.RunTo(5_000);

        Assert.Equal(["3000 2000", "3000 end"], seen);
    }

    [Fact]
    public void WaitsLongerThan_NobodyWaits_NothingIsMeasured()
    {
        var seen = _time.Record(Watch(_time.Hot((100, true), (200, false))));
        _time.RunTo(5_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void WaitsLongerThan_SourceEnds_EndsWithoutAWord()
    {
        var seen = _time.Record(Watch(_time.Hot((1_000, true), (1_100, true)).Take(2)));
        _time.RunTo(5_000);

        Assert.Equal(["1100 end"], seen);
        Assert.False(_threshold.HasObservers);
    }

    [Fact]
    public void WaitsLongerThan_SourceFails_Fails()
    {
        var source = new Subject<bool>();
        _time.At(100, () => source.OnError(new InvalidOperationException("broken")));

        var seen = _time.Record(Watch(source));
        _time.RunTo(5_000);

        Assert.Equal(["100 error: broken"], seen);
    }

    [Fact]
    public void WaitsLongerThan_Disposed_LetsGo()
    {
        var source = _time.Hot((100, true));
        var seen = _time.Record(Watch(source));
        _time.RunTo(200);

        seen.Dispose();
        _time.RunTo(5_000);

        Assert.Empty(seen);
        Assert.False(source.HasObservers);
        Assert.False(_threshold.HasObservers);
    }

    private IObservable<double> Watch(IObservable<bool> source) =>
        source.WaitsLongerThan(_threshold, _time.Scheduler).Select(wait => wait.TotalMilliseconds);
}
