using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="WithSnapshotOf"/>: what a signal said at the instant of each item.</summary>
public static class SnapshotOperator
{
    /// <summary>
    /// Pairs each item with the signal's value at that instant. The signal alone emits nothing, however often it changes. It is
    /// <c>WithLatestFrom</c> that loses nothing: items that come before the signal's first value wait for it, in order.
    /// </summary>
    /// <remarks>
    /// Completes when the source has completed and nothing waits; the signal's completion changes nothing while it has a value. An
    /// error of the source comes after what waits, one of the signal with the next item. Disposing lets go of both.
    /// </remarks>
    /// <param name="source">The items.</param>
    /// <param name="signal">Must replay its value to those who subscribe later.</param>
    /// <param name="pair">Makes the result of an item and its snapshot.</param>
    public static IObservable<TResult> WithSnapshotOf<T, TSignal, TResult>(
        this IObservable<T> source, IObservable<TSignal> signal, Func<T, TSignal, TResult> pair)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(signal);
        ArgumentNullException.ThrowIfNull(pair);
        return source.Select(item => signal.Take(1).Select(snapshot => pair(item, snapshot))).Concat();
    }
}
