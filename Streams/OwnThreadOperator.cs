using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="OnItsOwnThread"/>.</summary>
public static class OwnThreadOperator
{
    /// <summary>
    /// The current value of a replaying <paramref name="signal"/> at once, on the subscriber's thread; each change after it on a thread
    /// of the pool, so that whoever makes the change may hold a lock that the subscriber needs.
    /// </summary>
    /// <remarks>The order stays; equal values in a row are one. Completes and fails with the signal, on the pool.</remarks>
    public static IObservable<T> OnItsOwnThread<T>(this IObservable<T> signal) => Observable.Defer(() =>
    {
        var current = new List<T>(1);
        using (signal.Take(1).Subscribe(current.Add, _ => { }))
        {
            return current.Count == 0
                ? signal.ObserveOn(PoolScheduler.Instance)
                : signal.ObserveOn(PoolScheduler.Instance).StartWith(current[0]).DistinctUntilChanged();
        }
    });
}
