using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace AspireAgent.Gateway.Routing;

/// <summary>How a pod's stream ended.</summary>
internal enum PodStreamEnd
{
    /// <summary>Its connection did, or nobody knows better.</summary>
    Broken,

    /// <summary>The pod said that it does not have the session any more.</summary>
    Moved,

    /// <summary>Its signs of life did not come, the connection being as it was.</summary>
    Silent,
}

/// <summary>One pod's stream of a session, to its end, however it ends.</summary>
internal sealed class PodStream(HttpResponseMessage response, TimeSpan deadAfter, TimeProvider time)
{
    // A watchdog that is later than this was not running itself: it knows nothing of the pod.
    private static readonly TimeSpan LateBy = TimeSpan.FromSeconds(1);

    private long _armedAt;

    /// <summary>The pod's own address.</summary>
    public string Address { get; } = response.RequestMessage!.RequestUri!.GetLeftPart(UriPartial.Authority);

    /// <summary>How it ended.</summary>
    public PodStreamEnd End { get; private set; }

    public async IAsyncEnumerable<SessionFrame> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var owned = response;
        using var dead = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var watchdog = time.CreateTimer(_ => Bark(dead), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm(watchdog);
        await using var body = await response.Content.ReadAsStreamAsync(dead.Token);
        await using var items = SseParser.Create(body).EnumerateAsync(dead.Token).GetAsyncEnumerator(dead.Token);
        while (await NextAsync(items, cancellationToken))
        {
            // A slow client is not a dead pod: the watchdog only runs while we wait.
            watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var item = items.Current;
            End = item.EventType == SessionFrame.Moved ? PodStreamEnd.Moved : End;
            yield return new SessionFrame(item.EventType, item.Data, item.EventId);
            Arm(watchdog);
        }
    }

    private void Arm(ITimer watchdog)
    {
        Volatile.Write(ref _armedAt, time.GetTimestamp());
        watchdog.Change(deadAfter, Timeout.InfiniteTimeSpan);
    }

    private void Bark(CancellationTokenSource dead)
    {
        End = time.GetElapsedTime(Volatile.Read(ref _armedAt)) <= deadAfter + LateBy ? PodStreamEnd.Silent : PodStreamEnd.Broken;
        dead.Cancel();
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items, CancellationToken cancellationToken)
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
            return false;
        }
    }
}
