using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace AspireAgent.Gateway.Routing;

/// <summary>One pod's stream of a session, to its end, however it ends.</summary>
internal sealed class PodStream(HttpResponseMessage response, TimeSpan deadAfter, TimeProvider time)
{
    /// <summary>The pod's own address.</summary>
    public string Address { get; } = response.RequestMessage!.RequestUri!.GetLeftPart(UriPartial.Authority);

    /// <summary>How it ended: <c>moved</c> (it said so), <c>silent</c> (its signs of life did not come), <c>broken</c>.</summary>
    public string End { get; private set; } = "broken";

    /// <summary>Whether it ended because nothing came any more, the connection being as it was.</summary>
    public bool IsSilent => End == "silent";

    public async IAsyncEnumerable<SessionFrame> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var owned = response;
        using var dead = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watchdog = time.CreateTimer(_ => dead.Cancel(), null, deadAfter, Timeout.InfiniteTimeSpan);
        await using var body = await response.Content.ReadAsStreamAsync(dead.Token);
        await using var items = SseParser.Create(body).EnumerateAsync(dead.Token).GetAsyncEnumerator(dead.Token);
        while (await NextAsync(items, cancellationToken))
        {
            // A slow client is not a dead pod: the watchdog only runs while we wait.
            watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var item = items.Current;
            End = item.EventType == SessionFrame.Moved ? SessionFrame.Moved : End;
            yield return new SessionFrame(item.EventType, item.Data, item.EventId);
            watchdog.Change(deadAfter, Timeout.InfiniteTimeSpan);
        }
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items, CancellationToken cancellationToken)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            End = "silent";
            return false;
        }
    }
}
