using System.Collections.Concurrent;
using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using AspireAgent.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>One clock for what counts by <see cref="TimeProvider"/> and for what counts by Rx, that only the test moves.</summary>
internal sealed class TestClock : FakeTimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _timers = [];

    public TestClock()
        : base(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) => Scheduler = new OnTimeProvider(this);

    public IScheduler Scheduler { get; }

    public void Advance(double seconds) => Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Completes when somebody has begun to wait for just so long.</summary>
    public Task WaitsAsync(double seconds) => WaitsAsync(seconds, seconds);

    /// <summary>Completes, with how long it is, when somebody has begun to wait for as long as from one to the other.</summary>
    public async Task<TimeSpan> WaitsAsync(double least, double most)
    {
        TimeSpan found = default;
        await Poll.UntilAsync(
            () => (found = _timers.FirstOrDefault(due => due.TotalSeconds >= least && due.TotalSeconds <= most)) != default,
            $"somebody who waits for {least} to {most} s");
        return found;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Enqueue(dueTime);
        return timer;
    }

    // Rx by itself would slip to the machine's clock for absolute times and for stopwatches.
    private sealed class OnTimeProvider(TimeProvider time) : LocalScheduler
    {
        public override DateTimeOffset Now => time.GetUtcNow();

        public override IDisposable Schedule<TState>(TState state, TimeSpan dueTime, Func<IScheduler, TState, IDisposable> action)
        {
            if (dueTime <= TimeSpan.Zero)
            {
                return action(this, state);
            }

            var (timer, run) = (new SingleAssignmentDisposable(), new SingleAssignmentDisposable());
            timer.Disposable = time.CreateTimer(
                _ =>
                {
                    timer.Dispose();
                    if (!run.IsDisposed)
                    {
                        run.Disposable = action(this, state);
                    }
                },
                null, dueTime, Timeout.InfiniteTimeSpan);
            return StableCompositeDisposable.Create(timer, run);
        }

        public override IDisposable Schedule<TState>(TState state, DateTimeOffset dueTime, Func<IScheduler, TState, IDisposable> action) =>
            Schedule(state, dueTime - Now, action);

        public override IStopwatch StartStopwatch() => new Stopwatch(time, time.GetTimestamp());

        private sealed class Stopwatch(TimeProvider time, long start) : IStopwatch
        {
            public TimeSpan Elapsed => time.GetElapsedTime(start);
        }
    }
}
