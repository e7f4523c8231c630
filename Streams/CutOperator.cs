using System.Reactive;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="CutBy"/>: a stream that another stream can end, with a last word.</summary>
public static class CutOperator
{
    /// <summary>
    /// Mirrors <paramref name="source"/> until <paramref name="cut"/> emits; then emits what <paramref name="lastWord"/> makes of
    /// it and completes, and the source is disposed. A cut after the source's end says nothing; one before its beginning keeps it from being subscribed.
    /// </summary>
    /// <remarks>The cut's completion or silence changes nothing; its error is passed on. Emissions are serialized.</remarks>
    public static IObservable<T> CutBy<T, TCut>(this IObservable<T> source, IObservable<TCut> cut, Func<TCut, T> lastWord)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(cut);
        ArgumentNullException.ThrowIfNull(lastWord);

        // The cut is subscribed first: where one is there already the source is not even begun. The last word and the end are one
        // item, so that nothing comes between them.
        return Observable.Defer(() =>
        {
            var isCut = false;
            return cut.Take(1)
                .Do(_ => isCut = true)
                .Select(reason => (Happened: Notification.CreateOnNext(lastWord(reason)), IsLast: true))
                .Merge(Observable.Defer(() => isCut ? Observable.Never<T>() : source).Materialize()
                    .Select(happened => (Happened: happened, IsLast: happened.Kind is not NotificationKind.OnNext)))
                .TakeUntil(item => item.IsLast)
                .Select(item => item.Happened)
                .Dematerialize();
        });
    }
}
