using System.Reactive;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;
using CsCheck;

namespace AspireAgent.Streams.Tests;

public class DueOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly Subject<(TimeSpan? Left, string Value)> _source = new();

    [Fact]
    public void WhenDue_AnyRun_DoesWhatTheComposedOneDoes() =>
        Gen.Select(Gen.Select(Gen.Int[1, 30], Gen.Int[-2, 40]).Array[0, 40], Gen.Int[1, 60], Gen.Bool).Sample((run, end, fails) =>
        {
            var time = new VirtualTime();
            var source = new Subject<(TimeSpan? Left, string Value)>();
            var now = 0;
            foreach (var (gap, left) in run)
            {
                now += 10 * gap; // items at the full ten, and nothing is ever due then
                var (at, due) = (now, left < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds((10 * left) + 5));
                time.At(at, () => source.OnNext((due, $"of {at}")));
            }

            time.At(now + (10 * end), () => (fails ? Notification.CreateOnError<(TimeSpan?, string)>(new IOException("gone")) : Notification.CreateOnCompleted<(TimeSpan?, string)>()).Accept(source));
            var composed = time.Record(source
                .Select(next => next.Left is { } left ? Observable.Timer(left, time.Scheduler).Select(_ => next.Value) : Observable.Empty<string>())
                .Switch());
            var seen = time.Record(source.WhenDue(time.Scheduler));
            time.RunTo(100_000);

            Assert.Equal(composed, seen);
            Assert.False(source.HasObservers);
        });

    [Fact]
    public void WhenDue_PutOffAgainAndAgain_SetsNoTimerForEach()
    {
        var scheduler = new CountingScheduler(_time.Scheduler);
        var seen = _time.Record(_source.WhenDue(scheduler));
        for (var at = 10; at <= 1_000; at += 10)
        {
            _time.At(at, () => _source.OnNext((TimeSpan.FromMilliseconds(500), "late")));
        }

        _time.RunTo(5_000);

        Assert.Equal(["1500 late"], seen);
        Assert.InRange(scheduler.Count, 3, 4); // for 510, where 1000 or 1010 is due, then, and for the last
    }

    [Fact]
    public void WhenDue_NoTimeLeft_EmitsAtOnce()
    {
        var seen = _time.Record(_source.WhenDue(_time.Scheduler));
        _time.At(100, () => _source.OnNext((TimeSpan.FromMilliseconds(-5), "over")));
        _time.RunTo(101);

        Assert.Equal(["100 over"], seen);
    }

    [Fact]
    public void WhenDue_Disposed_EmitsNothingMore()
    {
        var seen = _time.Record(_source.WhenDue(_time.Scheduler));
        _source.OnNext((TimeSpan.FromMilliseconds(100), "due"));
        _time.At(50, seen.Dispose);
        _time.RunTo(1_000);

        Assert.Empty(seen);
        Assert.False(_source.HasObservers);
    }

    private sealed class CountingScheduler(IScheduler inner) : LocalScheduler
    {
        public int Count { get; private set; }

        public override DateTimeOffset Now => inner.Now;

        public override IStopwatch StartStopwatch() => inner.StartStopwatch();

        public override IDisposable Schedule<TState>(TState state, TimeSpan dueTime, Func<IScheduler, TState, IDisposable> action)
        {
            Count++;
            return inner.Schedule(state, dueTime, action);
        }
    }
}
