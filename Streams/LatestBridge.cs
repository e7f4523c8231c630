using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace AspireAgent.Streams;

/// <summary>Bridges from Rx to <see cref="IAsyncEnumerable{T}"/>; the name of each says what a slow reader loses.</summary>
public static class LatestBridge
{
    /// <summary>Reads a push stream by pull. Past <paramref name="capacity"/> waiting items a slow reader loses the oldest.</summary>
    /// <param name="source">Subscribed when enumeration begins, disposed when it ends. Its error is thrown to the reader.</param>
    /// <param name="capacity">Items that may wait.</param>
    /// <param name="onDropped">Told each item that was lost.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public static async IAsyncEnumerable<T> ReadLatestAsync<T>(
        this IObservable<T> source, int capacity, Action<T>? onDropped = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var channel = Channel.CreateBounded(
            new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, onDropped);
        using var subscription = source.Subscribe(
            item => channel.Writer.TryWrite(item),
            error => channel.Writer.TryComplete(error),
            () => channel.Writer.TryComplete());

        await foreach (var item in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return item;
        }
    }
}
