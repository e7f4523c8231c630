using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="OrWhenSilent"/>: a signal that does not outlive its source's heartbeat.</summary>
public static class SilenceOperator
{
    /// <summary>
    /// Mirrors <paramref name="source"/>, in which each item is also a sign of life, and emits <paramref name="fallback"/> once
    /// nothing has come for <paramref name="silence"/>, also at the start. The next item ends the fallback.
    /// </summary>
    /// <remarks>Completes and fails with the source. Loses nothing; repeats what the source repeats.</remarks>
    public static IObservable<T> OrWhenSilent<T>(this IObservable<T> source, TimeSpan silence, T fallback, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Publish(shared =>
        {
            var end = shared.IgnoreElements().Materialize().Take(1);
            var afterSilence = Observable.Timer(silence, scheduler).Select(_ => fallback).TakeUntil(end);
            return shared.Select(item => afterSilence.StartWith(item)).StartWith(afterSilence).Switch();
        });
    }
}
