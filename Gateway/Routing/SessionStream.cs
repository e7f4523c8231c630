using System.Runtime.CompilerServices;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Routing;

/// <summary>
/// The one event stream that every protocol is an adapter of: a session's events after a cursor, spliced over the pods. When a
/// pod's stream breaks, the session's next owner is asked for what comes after the last frame.
/// </summary>
internal sealed class SessionStream(PodClient pods, GatewayMetrics metrics, TimeProvider time)
{
    // A pod pings each second. The splice waits as long as it takes until a dead owner's heartbeat has lapsed, and a while more.
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SpliceWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SplicePause = TimeSpan.FromMilliseconds(250);

    /// <summary>Attaches to the session. The caller disposes the result, whether it reads its frames or not.</summary>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task<Attachment> AttachAsync(Caller caller, string session, string? cursor, CancellationToken cancellationToken)
    {
        var response = await OpenAsync(caller, session, cursor, null, cancellationToken);
        return new Attachment(
            response.IsSuccessStatusCode ? FramesAsync(response, caller, session, cursor, cancellationToken) : null, response);
    }

    private async IAsyncEnumerable<SessionFrame> FramesAsync(
        HttpResponseMessage first, Caller caller, string session, string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var response = first;
        while (response is not null)
        {
            var pod = new PodStream(response, DeadAfter, time);
            await using var frames = pod.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await frames.MoveNextAsync() && frames.Current.Type != SessionFrame.Moved)
            {
                cursor = frames.Current.Cursor ?? cursor;
                yield return frames.Current;
                if (frames.Current.Type == SessionFrame.Closed)
                {
                    yield break;
                }
            }

            response = await SpliceAsync(caller, session, cursor, pod, cancellationToken);
        }

        yield return SessionFrame.Unavailable;
    }

    private Task<HttpResponseMessage> OpenAsync(
        Caller caller, string session, string? cursor, string? silent, CancellationToken cancellationToken)
    {
        var query = cursor is null ? "" : $"?after={Uri.EscapeDataString(cursor)}";
        return pods.SendAsync(PodCall.Stream, caller, session, HttpMethod.Get, $"/v1/sessions/{session}/events{query}", null, cancellationToken, silent);
    }

    private async Task<HttpResponseMessage?> SpliceAsync(
        Caller caller, string session, string? cursor, PodStream former, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < SpliceWithin)
        {
            try
            {
                var response = await OpenAsync(caller, session, cursor, former.End is PodStreamEnd.Silent ? former.Address : null, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    metrics.Spliced(time.GetElapsedTime(started), former.End);
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

/// <summary>A stream of frames, or without them the pod's refusal.</summary>
internal sealed record Attachment(IAsyncEnumerable<SessionFrame>? Frames, HttpResponseMessage Answer) : IDisposable
{
    public void Dispose() => Answer.Dispose();
}
