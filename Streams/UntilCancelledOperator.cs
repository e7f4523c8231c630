using System.Runtime.CompilerServices;

namespace AspireAgent.Streams;

/// <summary><see cref="UntilCancelled"/>.</summary>
public static class UntilCancelledOperator
{
    /// <summary>Mirrors <paramref name="source"/>; a cancellation ends it like any other end instead of throwing.</summary>
    public static async IAsyncEnumerable<T> UntilCancelled<T>(
        this IAsyncEnumerable<T> source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var items = source.GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(items, cancellationToken))
        {
            yield return items.Current;
        }
    }

    private static async ValueTask<bool> NextAsync<T>(IAsyncEnumerator<T> items, CancellationToken cancellationToken)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
