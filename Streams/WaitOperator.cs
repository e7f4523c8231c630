using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="WaitsLongerThan"/>: a watch over somebody who waits, by a threshold that may change meanwhile.</summary>
public static class WaitOperator
{
    /// <summary>
    /// Emits how long it has been, and completes, when a wait (from a <c>true</c> to the next <c>false</c>) has lasted for as long as
    /// <paramref name="threshold"/> says. Completes without a word when <paramref name="waiting"/> ends.
    /// </summary>
    /// <remarks>
    /// A new threshold is measured from the same beginning: a wait that is already longer is told at once. A <c>true</c> in a wait begins
    /// it anew. Errors of either are passed on.
    /// </remarks>
    /// <param name="waiting">Whether somebody waits from now on.</param>
    /// <param name="threshold">Must replay.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<TimeSpan> WaitsLongerThan(
        this IObservable<bool> waiting, IObservable<TimeSpan> threshold, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        return waiting.Select(isWaiting => (IsWaiting: isWaiting, Since: scheduler.Now)).Publish(marks => marks
            .CombineLatest(threshold.DistinctUntilChanged(), (mark, longest) => (mark.IsWaiting, mark.Since, Until: mark.Since + longest))
            .Select(wait => (wait.IsWaiting ? wait.Until - scheduler.Now : (TimeSpan?)null, wait.Since))
            .WhenDue(scheduler)
            .Select(since => scheduler.Now - since)
            .Take(1)
            .TakeUntil(marks.IgnoreElements().Select(_ => 0).Concat(Observable.Return(0))));
    }
}
