using System.Reactive.Disposables;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary>Counts live subscriptions by kind, so that a leak shows as a number that does not come back to zero.</summary>
public sealed class SubscriptionCount
{
    private readonly Dictionary<string, StrongCount> _counts = [];

    /// <summary>Live subscriptions of each kind seen so far.</summary>
    public IReadOnlyDictionary<string, int> Current
    {
        get
        {
            lock (_counts)
            {
                return _counts.ToDictionary(entry => entry.Key, entry => Volatile.Read(ref entry.Value.Live));
            }
        }
    }

    /// <summary>Counts from now until the result is disposed (once or more often: it counts once).</summary>
    public IDisposable Enter(string kind)
    {
        StrongCount? count;
        lock (_counts)
        {
            if (!_counts.TryGetValue(kind, out count))
            {
                _counts[kind] = count = new StrongCount();
            }
        }

        Interlocked.Increment(ref count.Live);
        return Disposable.Create(() => Interlocked.Decrement(ref count.Live));
    }

    private sealed class StrongCount
    {
        public int Live;
    }
}

/// <summary><see cref="CountedIn"/>.</summary>
public static class SubscriptionCountOperator
{
    /// <summary>Mirrors <paramref name="source"/>; each subscription is counted while it lives.</summary>
    public static IObservable<T> CountedIn<T>(this IObservable<T> source, SubscriptionCount count, string kind) =>
        Observable.Using(() => count.Enter(kind), _ => source);
}
