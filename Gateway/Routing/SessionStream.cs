using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Routing;

/// <summary>
/// The one event stream that every protocol is an adapter of: a session's events after a cursor, spliced over the pods. When a
/// pod's stream breaks, the session's next owner is asked for what comes after the last frame.
/// </summary>
internal sealed class SessionStream(PodClient pods, TimeProvider time)
{
    // A pod pings each second. The splice waits as long as it takes until a dead owner's heartbeat has lapsed.
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SpliceWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SplicePause = TimeSpan.FromMilliseconds(250);

    /// <summary>Attaches to the session. Either frames, or the pod's refusal, which the caller disposes.</summary>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task<Attachment> AttachAsync(Caller caller, string session, string? cursor, CancellationToken cancellationToken)
    {
        var response = await OpenAsync(caller, session, cursor, cancellationToken);
        return response.IsSuccessStatusCode
            ? new Attachment(FramesAsync(response, caller, session, cursor, cancellationToken), null)
            : new Attachment(null, response);
    }

    private async IAsyncEnumerable<SessionFrame> FramesAsync(
        HttpResponseMessage first, Caller caller, string session, string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var response = first;
        while (response is not null)
        {
            await using var frames = ReadAsync(response, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await frames.MoveNextAsync() && frames.Current.Type != SessionFrame.Moved)
            {
                cursor = frames.Current.Cursor ?? cursor;
                yield return frames.Current;
                if (frames.Current.Type == SessionFrame.Closed)
                {
                    yield break;
                }
            }

            response = await SpliceAsync(caller, session, cursor, cancellationToken);
        }

        yield return SessionFrame.Unavailable;
    }

    // One pod's stream, to its end, however it ends.
    private async IAsyncEnumerable<SessionFrame> ReadAsync(
        HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var owned = response;
        using var dead = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watchdog = time.CreateTimer(_ => dead.Cancel(), null, DeadAfter, Timeout.InfiniteTimeSpan);
        await using var body = await response.Content.ReadAsStreamAsync(dead.Token);
        await using var items = SseParser.Create(body).EnumerateAsync(dead.Token).GetAsyncEnumerator(dead.Token);
        while (await NextAsync(items, cancellationToken))
        {
            // A slow client is not a dead pod: the watchdog only runs while we wait.
            watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var item = items.Current;
            yield return new SessionFrame(item.EventType, item.Data, item.EventId);
            watchdog.Change(DeadAfter, Timeout.InfiniteTimeSpan);
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items, CancellationToken cancellationToken)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private Task<HttpResponseMessage> OpenAsync(Caller caller, string session, string? cursor, CancellationToken cancellationToken)
    {
        var query = cursor is null ? "" : $"?after={Uri.EscapeDataString(cursor)}";
        return pods.SendAsync(caller, session, HttpMethod.Get, $"/v1/sessions/{session}/events{query}", null, cancellationToken);
    }

    private async Task<HttpResponseMessage?> SpliceAsync(Caller caller, string session, string? cursor, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < SpliceWithin)
        {
            try
            {
                var response = await OpenAsync(caller, session, cursor, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                response.Dispose();
                if ((int)response.StatusCode < StatusCodes.Status500InternalServerError)
                {
                    return null;
                }
            }
            catch (PodUnavailableException)
            {
                // Its owner is dead and nobody knows yet.
            }

            await Task.Delay(SplicePause, time, cancellationToken);
        }

        return null;
    }
}

/// <summary>A stream of frames, or why there is none.</summary>
internal sealed record Attachment(IAsyncEnumerable<SessionFrame>? Frames, HttpResponseMessage? Refusal);
