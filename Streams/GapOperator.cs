using System.Reactive;
using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="GapsLongerThan"/>: a watch over the pauses of a stream, by a threshold that may change while it runs.</summary>
public static class GapOperator
{
    /// <summary>
    /// Emits once, and completes, when nothing has come for as long as <paramref name="threshold"/> says since the last item; before
    /// the first item nothing is measured. Completes without a word when the source ends.
    /// </summary>
    /// <remarks>
    /// A new threshold is measured from the same last item: a pause that is already longer is told at once. It holds no items. Errors of
    /// either are passed on.
    /// </remarks>
    /// <param name="source">Hot, or shared with whoever else reads it: it is subscribed once.</param>
    /// <param name="threshold">Must replay.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<TimeSpan> GapsLongerThan<T>(
        this IObservable<T> source, IObservable<TimeSpan> threshold, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Select(_ => scheduler.Now).Publish(marks =>
        {
            var end = marks.IgnoreElements().Select(_ => Unit.Default).Concat(Observable.Return(Unit.Default));
            return marks
                .CombineLatest(threshold.DistinctUntilChanged(), (since, longest) => (Since: since, Longest: longest))
                .Select(wait => Observable
                    .Timer(Scheduler.Normalize(wait.Since + wait.Longest - scheduler.Now), scheduler)
                    .Select(_ => scheduler.Now - wait.Since))
                .Switch()
                .Take(1)
                .TakeUntil(end);
        });
    }
}
