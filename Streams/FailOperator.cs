using System.Reactive;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="FailBy"/>: a stream that another stream can break.</summary>
public static class FailOperator
{
    /// <summary>
    /// Mirrors <paramref name="source"/> until <paramref name="faults"/> emits; then fails with that, and the source is disposed. A
    /// fault after the source's end changes nothing.
    /// </summary>
    /// <remarks>The faults' completion or silence changes nothing; an error of theirs is passed on. Emissions are serialized.</remarks>
    public static IObservable<T> FailBy<T>(this IObservable<T> source, IObservable<Exception> faults)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(faults);
        return faults.Take(1).Select(Notification.CreateOnError<T>)
            .Merge(source.Materialize())
            .TakeUntil(happened => happened.Kind is not NotificationKind.OnNext)
            .Dematerialize();
    }
}
