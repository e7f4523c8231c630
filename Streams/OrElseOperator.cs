using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="OrElse"/>: another stream in place of one that fails before it has said anything.</summary>
public static class OrElseOperator
{
    /// <summary>
    /// Mirrors <paramref name="source"/>; where it fails, or completes (<see cref="EmptyStreamException"/>), without an element, what
    /// <paramref name="next"/> makes of the error takes its place. Errors after the first element are passed on.
    /// </summary>
    /// <remarks>The failed source is disposed before the next is subscribed. Errors of the next, and of <paramref name="next"/> itself, are passed on.</remarks>
    /// <param name="source">Tried first.</param>
    /// <param name="next">Called at most once for each subscription.</param>
    /// <param name="isFinal">Errors that are passed on though nothing was said. Null: none.</param>
    public static IObservable<T> OrElse<T>(
        this IObservable<T> source, Func<Exception, IObservable<T>> next, Func<Exception, bool>? isFinal = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(next);
        return Observable.Defer(() =>
        {
            var hasBegun = false;
            return source
                .Do(_ => hasBegun = true)
                .Concat(Observable.Defer(() => hasBegun ? Observable.Empty<T>() : Observable.Throw<T>(new EmptyStreamException())))
                .Catch((Exception error) => hasBegun || isFinal?.Invoke(error) is true ? Observable.Throw<T>(error) : next(error));
        });
    }
}
