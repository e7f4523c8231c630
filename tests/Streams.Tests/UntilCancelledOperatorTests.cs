using System.Runtime.CompilerServices;

namespace AspireAgent.Streams.Tests;

public class UntilCancelledOperatorTests
{
    [Fact]
    public async Task UntilCancelled_Cancelled_EndsAndDisposesTheSource()
    {
        using var cancelling = new CancellationTokenSource();
        var (seen, disposed) = (new List<int>(), new TaskCompletionSource());

        await foreach (var item in OneThenSilence(disposed).UntilCancelled(cancelling.Token))
        {
            seen.Add(item);
            await cancelling.CancelAsync();
        }

        Assert.Equal([1], seen);
        Assert.True(disposed.Task.IsCompleted);
    }

    [Fact]
    public async Task UntilCancelled_SourceFails_Fails() =>
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var _ in Failing().UntilCancelled(default))
            {
                // Nothing comes.
            }
        });

    private static async IAsyncEnumerable<int> OneThenSilence(
        TaskCompletionSource disposed, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            yield return 1;
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            disposed.SetResult();
        }
    }

    private static async IAsyncEnumerable<int> Failing()
    {
        await Task.Yield();
        throw new InvalidOperationException("broken");
#pragma warning disable CS0162 // An iterator needs a yield.
        yield return 1;
#pragma warning restore CS0162
    }
}
