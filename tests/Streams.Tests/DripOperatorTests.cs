using System.Globalization;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;
using CsCheck;

namespace AspireAgent.Streams.Tests;

/// <summary>Ten seconds of waiting with less than one item per second are too slow.</summary>
public class DripOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly BehaviorSubject<DripLimit> _limit = new(new DripLimit(1, TimeSpan.FromSeconds(10)));

    [Fact]
    public void DripsSlowerThan_FastEnough_SaysNothing()
    {
        var seen = Watch(Items(200, wait: 990, pause: 0));
        _time.RunTo(198_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void DripsSlowerThan_TooSlow_TellsTheRateAfterAWholeWindowAndLetsGo()
    {
        var source = Items(20, wait: 1_500, pause: 0);

        var seen = Watch(source);
        _time.RunTo(60_000);

        Assert.Equal(["10000 0.6", "10000 end"], seen);
        Assert.False(source.HasObservers);
        Assert.False(_limit.HasObservers);
    }

    [Fact]
    public void DripsSlowerThan_NothingComes_TellsInTheWait()
    {
        var seen = Watch(_time.Hot((1_000, true)));
        _time.RunTo(60_000);

        Assert.Equal(["11000 0", "11000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_FastThenDry_TellsWhenTheWindowHasTooFew()
    {
        // The tenth newest of 50 items came at 20,500.
        var seen = Watch(Items(50, wait: 500, pause: 0, last: true));
        _time.RunTo(60_000);

        Assert.Equal(["30500 0.9", "30500 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_ReaderIsSlow_OnlyWaitsCount()
    {
        var seen = Watch(Items(100, wait: 500, pause: 9_000));
        _time.RunTo(1_000_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void DripsSlowerThan_ReaderIsSlowAndSourceToo_TellsAfterAWindowOfWaiting()
    {
        // Five waits of 2 s, four pauses of 9 s.
        var seen = Watch(Items(100, wait: 2_005, pause: 9_000));
        _time.RunTo(1_000_000);

        Assert.Equal(["46000 0.4", "46000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_ZeroPerSecond_NeverTells()
    {
        _limit.OnNext(new DripLimit(0, TimeSpan.FromSeconds(10)));

        var seen = Watch(_time.Hot((1_000, true)));
        _time.RunTo(1_000_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void DripsSlowerThan_ExactlyAsManyAsAsked_AreEnough()
    {
        _limit.OnNext(new DripLimit(0.28, TimeSpan.FromSeconds(25)));

        var seen = Watch(Items(7, wait: 3_000, pause: 0, last: true)); // 7 up to 21,000; the first leaves at 28,000
        _time.RunTo(60_000);

        Assert.Equal(["28000 0.24", "28000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_LimitRaised_IsJudgedByWhatIsKnown()
    {
        _time.At(15_250, () => _limit.OnNext(new DripLimit(1, TimeSpan.FromSeconds(12))));
        _time.At(16_250, () => _limit.OnNext(new DripLimit(4, TimeSpan.FromSeconds(12.5))));

        var seen = Watch(Items(100, wait: 400, pause: 0));
        _time.RunTo(60_000);

        // Asked for 50 it knows the 12 since 11,600, and gives those before the benefit of the doubt: all at 11,200.
        Assert.Equal(["23700 2.48", "23700 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_WindowShortenedBelowTheRunningWait_TellsAtOnce()
    {
        _time.At(8_000, () => _limit.OnNext(new DripLimit(1, TimeSpan.FromSeconds(5))));

        var seen = Watch(_time.Hot((1_000, true)));
        _time.RunTo(60_000);

        Assert.Equal(["8000 0", "8000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_LimitLowered_GivesMoreTime()
    {
        _time.At(9_000, () => _limit.OnNext(new DripLimit(0.1, TimeSpan.FromSeconds(10))));

        var seen = Watch(Hot(_time, (1_000, true), (3_000, false), (3_000, true)));
        _time.RunTo(60_000);

        Assert.Equal(["13000 0", "13000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_LimitChangesBetweenWaits_IsJudgedAtOnce()
    {
        _time.At(8_000, () => _limit.OnNext(new DripLimit(1, TimeSpan.FromSeconds(5))));
        _time.At(7_500, () => _limit.OnNext(new DripLimit(1, TimeSpan.FromSeconds(9))));

        var seen = Watch(_time.Hot((1_000, true), (7_000, false)));
        _time.RunTo(60_000);

        Assert.Equal(["8000 0.2", "8000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_WaitingEnds_EndsWithoutAWord()
    {
        var seen = Watch(_time.Hot((1_000, true), (2_000, false)).Take(2));
        _time.RunTo(60_000);

        Assert.Equal(["2000 end"], seen);
        Assert.False(_limit.HasObservers);
    }

    [Fact]
    public void DripsSlowerThan_EitherFails_Fails()
    {
        var source = new Subject<bool>();
        var (first, second) = (Watch(source), Watch(_time.Hot<bool>()));
        _time.At(100, () => source.OnError(new InvalidOperationException("source")));
        _time.At(200, () => _limit.OnError(new InvalidOperationException("limit")));
        _time.RunTo(60_000);

        Assert.Equal(["100 error: source"], first);
        Assert.Equal(["200 error: limit"], second);
    }

    [Fact]
    public void DripsSlowerThan_LimitCompletes_TheLastOneStands()
    {
        _time.At(100, _limit.OnCompleted);

        var seen = Watch(_time.Hot((1_000, true)));
        _time.RunTo(60_000);

        Assert.Equal(["11000 0", "11000 end"], seen);
    }

    [Fact]
    public void DripsSlowerThan_Disposed_LetsGo()
    {
        var source = _time.Hot((100, true));
        var seen = Watch(source);
        _time.RunTo(200);

        seen.Dispose();
        _time.RunTo(60_000);

        Assert.Empty(seen);
        Assert.False(source.HasObservers);
        Assert.False(_limit.HasObservers);
    }

    [Fact]
    public void DripsSlowerThan_AnyRun_TellsWhatPlainCountingTells() =>
        // All in tens of milliseconds but the window, so that nothing coincides with its end.
        Gen.Select(Gen.Int[1, 60], Gen.Int[0, 200], Gen.Select(Gen.Int[0, 120], Gen.Int[0, 300]).Array[0, 60]).Sample((items, window, run) =>
        {
            var limit = new DripLimit(items / 10.0, TimeSpan.FromMilliseconds((window * 10) + 505));
            var (time, marks) = (new VirtualTime(), new List<(long, bool)>());
            var at = 0L;
            foreach (var (wait, pause) in run)
            {
                marks.Add((at, true));
                marks.Add((at += wait * 10, false));
                at += pause * 10;
            }

            marks.Add((at, true));
            var seen = time.Record(Hot(time, [.. marks]).DripsSlowerThan(Observable.Return(limit), time.Scheduler));
            time.RunTo(at + 10_000);

            Assert.Equal(Plainly(limit, run), seen[0]);
        }, iter: 500);

    private static string Plainly(DripLimit limit, (int Wait, int Pause)[] run)
    {
        var (window, items, waited, now) = ((long)limit.Window.TotalMilliseconds, new List<long>(), 0L, 0L);
        foreach (var (wait, pause) in run.Append((Wait: 1_000_000, Pause: 0)))
        {
            for (var i = 0; i < wait * 2; i++, waited += 5, now += 5)
            {
                var count = items.Count(item => item > waited - window);
                if (waited >= window && count < Math.Round(limit.PerSecond * limit.Window.TotalSeconds, 6))
                {
                    return string.Create(CultureInfo.InvariantCulture, $"{now} {count / limit.Window.TotalSeconds}");
                }
            }

            items.Add(waited);
            now += pause * 10;
        }

        return "";
    }

    private Recording<double> Watch(IObservable<bool> source) => _time.Record(source.DripsSlowerThan(_limit, _time.Scheduler));

    /// <summary>So many items, each waited for and then worked on; <paramref name="last"/>: one more is waited for.</summary>
    private Subject<bool> Items(int count, int wait, int pause, bool last = false)
    {
        var marks = new List<(long, bool)>();
        for (var i = 0; i < count; i++)
        {
            var begin = (long)i * (wait + pause);
            marks.Add((begin, true));
            marks.Add((begin + wait, false));
        }

        if (last)
        {
            marks.Add(((long)count * (wait + pause), true));
        }

        return Hot(_time, [.. marks]);
    }

    /// <summary>What is due at one instant comes in its order.</summary>
    private static Subject<bool> Hot(VirtualTime time, params (long At, bool IsWaiting)[] marks)
    {
        var source = new Subject<bool>();
        foreach (var instant in marks.GroupBy(mark => mark.At, mark => mark.IsWaiting))
        {
            time.At(instant.Key, () => instant.ToList().ForEach(source.OnNext));
        }

        return source;
    }
}
