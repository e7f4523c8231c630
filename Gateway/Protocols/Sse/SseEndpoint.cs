using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using AspireAgent.Contracts;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Streams;

namespace AspireAgent.Gateway.Protocols.Sse;

/// <summary>
/// <c>GET /v1/sessions/{id}/events</c>: <c>id:</c> is the cursor, <c>event:</c> the type, <c>data:</c> the event. A client comes back
/// with <c>Last-Event-ID</c> or <c>?after=</c>; one without gets the log from its oldest event.
/// </summary>
internal static class SseEndpoint
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    public static void MapSse(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/sessions/{id}/events", Stream);

    private static async Task<IResult> Stream(
        string id, HttpContext context, SessionStream stream, Connections connections, TimeProvider time, string? after = null)
    {
        var caller = Caller.Of(context.User);
        var cursor = context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last ? last : after;
        if (!SortableId.IsValid(id))
        {
            return Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.SessionNotFound, "There is no such session.");
        }

        if (StreamProblems.OfCursor(cursor) is { } unreadable)
        {
            return unreadable;
        }

        if (connections.Open(context, caller.Tenant, "sse") is not { } connection)
        {
            return Problem.Of(StatusCodes.Status429TooManyRequests, ProblemTypes.Unavailable, "Too many open streams.");
        }

        context.Response.RegisterForDispose(connection);
        var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, connection.Closing);
        context.Response.RegisterForDispose(end);
        try
        {
            var attached = await stream.AttachAsync(caller, id, cursor, end.Token);
            context.Response.RegisterForDispose(attached);
            if (attached.Frames is not { } frames)
            {
                return new RelayedResult(attached.Answer);
            }

            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.ServerSentEvents(Items(connection.WatchAsync(frames, end.Token), time, end.Token));
        }
        catch (PodUnavailableException)
        {
            return PodUnavailableException.ToProblem();
        }
        catch (OperationCanceledException) when (connection.Closing.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return StreamProblems.Draining();
        }
    }

    private static async IAsyncEnumerable<SseItem<string>> Items(
        IAsyncEnumerable<SessionFrame> frames, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? lastSent = null;
        await foreach (var frame in frames.UntilCancelled(cancellationToken))
        {
            if (frame.Type == SessionFrame.Ping && lastSent is { } last && time.GetElapsedTime(last) < PingEvery)
            {
                continue;
            }

            lastSent = time.GetTimestamp();
            yield return frame.Cursor is null
                ? new SseItem<string>(frame.Json, frame.Type)
                : new SseItem<string>(frame.Json, frame.Type) { EventId = frame.Cursor };
        }
    }
}
