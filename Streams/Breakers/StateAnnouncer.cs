using System.Collections.Concurrent;
using System.Reactive;
using System.Reactive.Linq;
using System.Reactive.Subjects;

namespace AspireAgent.Streams.Breakers;

/// <summary>
/// Tells the states of a breaker: noted under its lock, which orders them, and told outside of it by whoever comes, one at a time.
/// </summary>
internal sealed class StateAnnouncer : IDisposable
{
    private readonly ConcurrentQueue<Notification<BreakerState>> _untold = new();
    private readonly BehaviorSubject<BreakerState> _states = new(BreakerState.Closed);
    private int _isTelling;

    public IObservable<BreakerState> States => _states.AsObservable();

    public void Note(BreakerState state) => _untold.Enqueue(Notification.CreateOnNext(state));

    /// <summary>Tells what is noted. Where somebody (a listener that has caused the next change, too) tells already, it is left to him.</summary>
    public void Tell()
    {
        while (!_untold.IsEmpty && Interlocked.Exchange(ref _isTelling, 1) == 0)
        {
            try
            {
                while (_untold.TryDequeue(out var noted))
                {
                    noted.Accept(_states);
                }
            }
            finally
            {
                Interlocked.Exchange(ref _isTelling, 0);
            }
        }
    }

    /// <summary>Completes what listens, after what is noted. Who comes later is completed at once.</summary>
    public void Dispose()
    {
        _untold.Enqueue(Notification.CreateOnCompleted<BreakerState>());
        Tell();
    }
}
