using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="Hedge"/>: a second, concurrent attempt where the first is slow (Dean and Barroso, "The Tail at Scale", 2013).</summary>
public static class HedgeOperator
{
    /// <summary>
    /// Mirrors <paramref name="primary"/>. Where it has not emitted <paramref name="after"/> its beginning, <paramref name="backup"/> is
    /// subscribed beside it; the first of the two to emit wins and is mirrored from there on, errors included. The other is disposed
    /// before the winner's first element is passed on.
    /// </summary>
    /// <remarks>
    /// To end without an element is to fail, with <see cref="EmptyStreamException"/>. A primary that fails before it has emitted starts
    /// the backup at once, whatever the delay and <paramref name="mayHedge"/> say; a backup that fails leaves the primary alone. When
    /// both have failed: <see cref="HedgeFailedException"/>. Nothing is subscribed after the end or the disposal.
    /// </remarks>
    /// <param name="primary">Subscribed at once.</param>
    /// <param name="backup">Subscribed at most once.</param>
    /// <param name="after">The delay; <see cref="Timeout.InfiniteTimeSpan"/>: only a failure starts the backup.</param>
    /// <param name="scheduler">The clock; the backup is subscribed on it.</param>
    /// <param name="mayHedge">Asked once, when the delay is over and nothing is decided. Null: yes.</param>
    /// <param name="isFinal">Errors that, before the first element, end everything with that error. Null: none.</param>
    public static IObservable<T> Hedge<T>(
        this IObservable<T> primary, IObservable<T> backup, TimeSpan after, IScheduler scheduler,
        Func<bool>? mayHedge = null, Func<Exception, bool>? isFinal = null)
    {
        ArgumentNullException.ThrowIfNull(primary);
        ArgumentNullException.ThrowIfNull(backup);
        ArgumentNullException.ThrowIfNull(scheduler);
        var delay = after == Timeout.InfiniteTimeSpan
            ? Observable.Never<long>()
            : Observable.Timer(after, scheduler).Where(_ => mayHedge is null || mayHedge());
        return Observable.Create<T>(observer => new Race<T>(observer, backup, isFinal).Run(primary, delay));
    }

    // Not composed: winner, failures and the backup's beginning hang together, and they are decided without a lock, since a pull
    // source's OnNext may block for as long as its reader likes (Merge would hold its gate meanwhile).
    private sealed class Race<T> : IDisposable
    {
        private readonly IObserver<T> _observer;
        private readonly IObservable<T> _backupSource;
        private readonly Func<Exception, bool>? _isFinal;
        private readonly Runner _primary;
        private readonly Runner _backup;
        private readonly SingleAssignmentDisposable _delay = new();
        private object? _decided; // the winner, or this: over without one
        private Exception? _failure; // of the first that failed
        private int _isBackupBegun;

        public Race(IObserver<T> observer, IObservable<T> backup, Func<Exception, bool>? isFinal)
        {
            (_observer, _backupSource, _isFinal) = (observer, backup, isFinal);
            (_primary, _backup) = (new Runner(this), new Runner(this));
        }

        public Race<T> Run(IObservable<T> primary, IObservable<long> delay)
        {
            // The clock runs first: a primary may block in its subscription.
            _delay.Disposable = delay.Subscribe(_ => BeginBackup(), End);
            _primary.Begin(primary);
            return this;
        }

        public void Dispose()
        {
            TryDecide(this);
            _delay.Dispose();
            _primary.Dispose();
            _backup.Dispose();
        }

        private bool TryDecide(object decision) => Interlocked.CompareExchange(ref _decided, decision, null) is null;

        private void BeginBackup()
        {
            _delay.Dispose();
            if (Interlocked.Exchange(ref _isBackupBegun, 1) == 0 && Volatile.Read(ref _decided) is null)
            {
                _backup.Begin(_backupSource);
            }
        }

        private bool IsWinner(Runner runner)
        {
            if (TryDecide(runner))
            {
                _delay.Dispose();
                (runner == _primary ? _backup : _primary).Dispose();
            }

            return Volatile.Read(ref _decided) == runner;
        }

        private void Failed(Runner runner, Exception error)
        {
            runner.Dispose();
            if (_isFinal?.Invoke(error) is true)
            {
                End(error);
            }
            else if (Interlocked.CompareExchange(ref _failure, error, null) is not { } earlier)
            {
                BeginBackup();
            }
            else
            {
                End(runner == _primary ? new HedgeFailedException(error, earlier) : new HedgeFailedException(earlier, error));
            }
        }

        private void End(Exception error)
        {
            if (TryDecide(this))
            {
                Dispose();
                _observer.OnError(error);
            }
        }

        private sealed class Runner(Race<T> race) : IObserver<T>, IDisposable
        {
            private readonly SingleAssignmentDisposable _subscription = new();

            private bool HasWon => Volatile.Read(ref race._decided) == this;

            public void Begin(IObservable<T> source) => _subscription.Disposable = source.SubscribeSafe(this);

            public void Dispose() => _subscription.Dispose();

            public void OnNext(T value)
            {
                if (HasWon || race.IsWinner(this))
                {
                    race._observer.OnNext(value);
                }
            }

            public void OnError(Exception error)
            {
                if (HasWon)
                {
                    race._observer.OnError(error);
                }
                else
                {
                    race.Failed(this, error);
                }
            }

            public void OnCompleted()
            {
                if (HasWon)
                {
                    race._observer.OnCompleted();
                }
                else
                {
                    race.Failed(this, new EmptyStreamException());
                }
            }
        }
    }
}
