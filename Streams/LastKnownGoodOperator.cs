using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="LastKnownGood"/>: a source that may fail, as one that does not.</summary>
public static class LastKnownGoodOperator
{
    /// <summary>
    /// Mirrors <paramref name="source"/>. When it fails nothing is emitted, so that the last value stands; it is subscribed again after
    /// <paramref name="pause"/>, which is told how many failures came in a row.
    /// </summary>
    /// <remarks>Completes with the source. An item ends the row of failures. Disposing ends a pause.</remarks>
    /// <param name="source">Subscribed anew after each failure.</param>
    /// <param name="pause">How long to wait, by the number of failures in a row, the first is 1.</param>
    /// <param name="scheduler">The clock.</param>
    /// <param name="onFailure">Told each failure.</param>
    public static IObservable<T> LastKnownGood<T>(
        this IObservable<T> source, Func<int, TimeSpan> pause, IScheduler scheduler, Action<Exception>? onFailure = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(pause);
        return Observable.Defer(() =>
        {
            var failures = 0;
            return source.Do(_ => failures = 0).RetryWhen(errors => errors.SelectMany(error =>
            {
                onFailure?.Invoke(error);
                return Observable.Timer(pause(++failures), scheduler);
            }));
        });
    }
}
