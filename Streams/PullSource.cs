using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary>A push stream whose source is pulled, so that nothing piles up between the two.</summary>
public static class PullSource
{
    /// <summary>
    /// Pulls <paramref name="source"/> and pushes each item; the next is pulled only when the push has returned and
    /// <paramref name="room"/> has completed. Disposing the subscription cancels the source's token and disposes its enumerator.
    /// </summary>
    /// <remarks>
    /// Back-pressure reaches through synchronous operators up to the first that buffers. The source's own
    /// <see cref="OperationCanceledException"/> after a disposal ends silently; any other exception is <c>OnError</c>.
    /// </remarks>
    /// <param name="source">Called once for each subscription.</param>
    /// <param name="room">Awaited before each pull; null: there is always room.</param>
    public static IObservable<T> FromAsyncEnumerable<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> source, Func<CancellationToken, ValueTask>? room = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Observable.Create<T>(async (observer, cancellationToken) =>
        {
            try
            {
                var items = source(cancellationToken).GetAsyncEnumerator(cancellationToken);
                await using (items)
                {
                    while (true)
                    {
                        if (room is not null)
                        {
                            await room(cancellationToken);
                        }

                        if (!await items.MoveNextAsync())
                        {
                            break;
                        }

                        observer.OnNext(items.Current);
                    }
                }

                observer.OnCompleted();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The subscriber has gone: nobody is left to be told.
            }
        });
    }
}
