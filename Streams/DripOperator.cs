using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary>Fewer items than <paramref name="PerSecond"/> × <paramref name="Window"/> in a window of waiting are too few. 0 per second: none are.</summary>
public sealed record DripLimit(double PerSecond, TimeSpan Window);

/// <summary><see cref="DripsSlowerThan"/>: a watch over a source that is not silent but too slow.</summary>
public static class DripOperator
{
    /// <summary>
    /// Emits the items per second, and completes, as soon as too few have come in the last window of waiting; that may be in the midst of
    /// a wait. What is done between two waits costs no time. Completes without a word when <paramref name="waiting"/> ends.
    /// </summary>
    /// <remarks>
    /// Never before a whole window has been waited. A new limit is judged by what is known: the times of as many items as the limit
    /// asks for in a window are kept, and where it asks for more, older ones count as no older than they must be. Errors of either are passed on.
    /// </remarks>
    /// <param name="waiting">True: a wait begins (or goes on); false: an item has come, which ends it.</param>
    /// <param name="limit">Must replay.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<double> DripsSlowerThan(
        this IObservable<bool> waiting, IObservable<DripLimit> limit, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        ArgumentNullException.ThrowIfNull(limit);
        return Observable.Defer(() =>
        {
            var tally = new Tally(scheduler.StartStopwatch());
            return waiting.Publish(marks =>
            {
                var end = marks.IgnoreElements().Select(_ => 0).Concat(Observable.Return(0));
                return marks.Select(isWaiting => (Action)(() => tally.Mark(isWaiting)))
                    .Merge(limit.TakeUntil(end).DistinctUntilChanged().Select(changed => (Action)(() => tally.Follow(changed))))
                    .Select(change =>
                    {
                        change();
                        return tally.Foresee();
                    })
                    .WhenDue(scheduler)
                    .Take(1)
                    .TakeUntil(end);
            });
        });
    }

    // Counts on a clock that runs only in waits. Not thread-safe: Merge lets one in at a time.
    private sealed class Tally(IStopwatch clock)
    {
        private readonly Queue<TimeSpan> _items = []; // when the newest came, at most as many as a window needs
        private TimeSpan _forgotten; // when the newest of the others came
        private TimeSpan _waited; // up to the last mark
        private TimeSpan? _waitsSince;
        private TimeSpan _window;
        private int _needed;

        private TimeSpan Waited => _waited + (clock.Elapsed - _waitsSince ?? TimeSpan.Zero);

        public void Mark(bool isWaiting)
        {
            _waited = Waited;
            _waitsSince = isWaiting ? clock.Elapsed : null;
            if (!isWaiting)
            {
                _items.Enqueue(_waited);
                Forget();
            }
        }

        public void Follow(DripLimit limit)
        {
            _window = limit.Window;
            _needed = Math.Max(0, (int)Math.Ceiling(Math.Round(limit.PerSecond * limit.Window.TotalSeconds, 6))); // 0.28 × 25 is 7.000000000000001
            Forget();
        }

        /// <summary>When there will be too few if nothing comes, and how many per second that is. Null: not as things are.</summary>
        public (TimeSpan? Left, double PerSecond) Foresee()
        {
            // Too few: the last of those that are needed has left the window.
            var last = _items.TryPeek(out var first) && _items.Count == _needed ? first : _forgotten;
            var (waited, due) = (Waited, last + _window);
            if (_needed == 0 || (due > waited && _waitsSince is null))
            {
                return (null, 0);
            }

            due = due > waited ? due : waited;
            return (due - waited, _items.Count(item => item > due - _window) / _window.TotalSeconds);
        }

        private void Forget()
        {
            while (_items.Count > _needed)
            {
                _forgotten = _items.Dequeue();
            }
        }
    }
}
