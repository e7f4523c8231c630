using System.Collections.Immutable;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="SlidingBy"/>: the newest items of a stream, as many as a signal says.</summary>
public static class SlidingOperator
{
    /// <summary>
    /// After each item, and after each change of <paramref name="size"/>, emits the newest items, oldest first: at most so many as the
    /// signal says. Until the window is full it is shorter.
    /// </summary>
    /// <remarks>
    /// A change of the size loses no item that is in the window: a smaller one shows fewer, a greater one shows again what is kept, up to
    /// <paramref name="most"/>. Completes with the source, passes errors of either on.
    /// </remarks>
    /// <param name="source">The items.</param>
    /// <param name="size">Must replay; from 1 to <paramref name="most"/>, what is outside is taken as the nearer end.</param>
    /// <param name="most">Items that are kept, whatever the size.</param>
    public static IObservable<IReadOnlyList<T>> SlidingBy<T>(this IObservable<T> source, IObservable<int> size, int most)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(size);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return source.Publish(shared =>
        {
            var end = shared.IgnoreElements().Select(_ => 0).Concat(Observable.Return(0));
            var sizes = size.TakeUntil(end).DistinctUntilChanged()
                .Select(wanted => (Func<Window<T>, Window<T>>)(window => window with { Size = Math.Clamp(wanted, 1, most) }));
            var items = shared.Select(item => (Func<Window<T>, Window<T>>)(window => window.Add(item, most)));
            return sizes.Merge(items)
                .Scan(new Window<T>([], 0), (window, step) => step(window))
                .Where(window => window is { Size: > 0, Kept.IsEmpty: false })
                .Select(window => window.Newest());
        });
    }

    // Size 0: the signal has not spoken yet; items are kept meanwhile.
    private sealed record Window<T>(ImmutableList<T> Kept, int Size)
    {
        public Window<T> Add(T item, int most)
        {
            var kept = Kept.Add(item);
            return this with { Kept = kept.Count > most ? kept.RemoveAt(0) : kept };
        }

        public IReadOnlyList<T> Newest() => Kept.Count <= Size ? Kept : Kept.GetRange(Kept.Count - Size, Size);
    }
}
