using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="WhenDue"/>: a deadline that is put off again and again.</summary>
public static class DueOperator
{
    /// <summary>
    /// Emits each item's value after the time that it has left, unless the next item comes before. No time: never. What
    /// <c>source.Select(next => next.Left is { } left ? Timer(left).Select(_ => next.Value) : Empty()).Switch()</c> does, without a
    /// timer for each item: one that would ring too early is set again when it rings.
    /// </summary>
    /// <remarks>Completes when the source has and nothing is due any more; fails with it. Emissions are serialized.</remarks>
    /// <param name="source">What is to come, and in how long.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<T> WhenDue<T>(this IObservable<(TimeSpan? Left, T Value)> source, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(scheduler);
        return Observable.Create<T>(observer =>
        {
            var alarm = new Alarm<T>(observer, scheduler);
            return StableCompositeDisposable.Create(source.SubscribeSafe(alarm), alarm);
        });
    }

    // Composed, a token of a model costs four times as much (bench plan).
    private sealed class Alarm<T>(IObserver<T> observer, IScheduler scheduler) : IObserver<(TimeSpan? Left, T Value)>, IDisposable
    {
        private readonly Lock _gate = new();
        private readonly IStopwatch _clock = scheduler.StartStopwatch();
        private readonly SerialDisposable _timer = new();
        private (TimeSpan At, T Value)? _due;
        private TimeSpan? _set; // when the timer rings
        private int _timers;
        private bool _isSourceOver;

        public void OnNext((TimeSpan? Left, T Value) next)
        {
            lock (_gate)
            {
                _due = next.Left is { } left ? (_clock.Elapsed + Scheduler.Normalize(left), next.Value) : null;
                if (_due is { } due && !(_set <= due.At))
                {
                    SetTimer(due.At);
                }
            }
        }

        public void OnError(Exception error)
        {
            lock (_gate)
            {
                Dispose();
                observer.OnError(error);
            }
        }

        public void OnCompleted()
        {
            lock (_gate)
            {
                _isSourceOver = true;
                CompleteIfOver();
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _due = null;
                _timer.Dispose();
            }
        }

        private void SetTimer(TimeSpan at)
        {
            var timer = ++_timers;
            _set = at;
            _timer.Disposable = scheduler.Schedule(Scheduler.Normalize(at - _clock.Elapsed), () => Ring(timer));
        }

        private void Ring(int timer)
        {
            lock (_gate)
            {
                if (timer != _timers)
                {
                    return; // one that was replaced may run all the same
                }

                _set = null;
                if (_due is not { } due)
                {
                    return;
                }

                if (_clock.Elapsed < due.At)
                {
                    SetTimer(due.At);
                    return;
                }

                _due = null;
                observer.OnNext(due.Value);
                CompleteIfOver();
            }
        }

        private void CompleteIfOver()
        {
            if (_isSourceOver && _due is null)
            {
                observer.OnCompleted();
            }
        }
    }
}
