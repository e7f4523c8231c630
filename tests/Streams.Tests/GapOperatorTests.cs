using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class GapOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly BehaviorSubject<TimeSpan> _threshold = new(TimeSpan.FromMilliseconds(500));

    [Fact]
    public void GapsLongerThan_APauseTooLong_IsToldOnceAndLetsGo()
    {
        var source = _time.Hot((1_000, "a"), (1_400, "b"));

        var seen = _time.Record(Watch(source));
        _time.RunTo(5_000);

        Assert.Equal(["1900 500", "1900 end"], seen);
        Assert.False(source.HasObservers);
        Assert.False(_threshold.HasObservers);
    }

    [Fact]
    public void GapsLongerThan_ShortenedInMidPause_CountsFromTheSameItem()
    {
        _time.At(1_200, () => _threshold.OnNext(TimeSpan.FromMilliseconds(300)));

        var seen = _time.Record(Watch(_time.Hot((1_000, "a"))));
        _time.RunTo(5_000);

        Assert.Equal(["1300 300", "1300 end"], seen);
    }

    [Fact]
    public void GapsLongerThan_ShortenedBelowTheRunningPause_TellsAtOnce()
    {
        _time.At(1_400, () => _threshold.OnNext(TimeSpan.FromMilliseconds(100)));

        var seen = _time.Record(Watch(_time.Hot((1_000, "a"))));
        _time.RunTo(5_000);

        Assert.StartsWith("1400", seen[0], StringComparison.Ordinal);
    }

    [Fact]
    public void GapsLongerThan_Lengthened_GivesTheRunningPauseMoreTime()
    {
        _time.At(1_400, () => _threshold.OnNext(TimeSpan.FromMilliseconds(2_000)));

        var seen = _time.Record(Watch(_time.Hot((1_000, "a"))));
        _time.RunTo(5_000);

        Assert.Equal(["3000 2000", "3000 end"], seen);
    }

    [Fact]
    public void GapsLongerThan_BeforeTheFirstItem_NothingIsMeasured()
    {
        var seen = _time.Record(Watch(_time.Hot((4_900, "late"))));
        _time.RunTo(5_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void GapsLongerThan_SourceEnds_EndsWithoutAWord()
    {
        var seen = _time.Record(Watch(_time.Hot((1_000, "a"), (1_100, "b")).Take(2)));
        _time.RunTo(5_000);

        Assert.Equal(["1100 end"], seen);
        Assert.False(_threshold.HasObservers);
    }

    [Fact]
    public void GapsLongerThan_SourceFails_Fails()
    {
        var source = new Subject<string>();
        _time.At(100, () => source.OnError(new InvalidOperationException("broken")));

        var seen = _time.Record(Watch(source));
        _time.RunTo(5_000);

        Assert.Equal(["100 error: broken"], seen);
    }

    [Fact]
    public void GapsLongerThan_Disposed_LetsGo()
    {
        var source = _time.Hot((100, "a"));
        var seen = _time.Record(Watch(source));
        _time.RunTo(200);

        seen.Dispose();
        _time.RunTo(5_000);

        Assert.Empty(seen);
        Assert.False(source.HasObservers);
        Assert.False(_threshold.HasObservers);
    }

    private IObservable<double> Watch(IObservable<string> source) =>
        source.GapsLongerThan(_threshold, _time.Scheduler).Select(gap => gap.TotalMilliseconds);
}
