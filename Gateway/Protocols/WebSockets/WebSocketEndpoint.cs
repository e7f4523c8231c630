using AspireAgent.Contracts;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.WebSockets;

/// <summary>
/// <c>GET /v1/sessions/{id}/ws?after=</c>: one JSON object a text frame. Up: <c>input</c>, <c>stop</c>, <c>config</c>,
/// <c>resume</c>. Down: the session's events. What is wrong with a frame is told as an <c>error</c> frame; the connection stays.
/// </summary>
internal static class WebSocketEndpoint
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PongWithin = TimeSpan.FromSeconds(20);

    public static void MapSessionWebSocket(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/sessions/{id}/ws", Connect);

    private static async Task<IResult> Connect(
        string id, HttpContext context, SessionStream stream, PodClient pods, Connections connections, string? after = null)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "This is a WebSocket's address.");
        }

        var caller = Caller.Of(context.User);
        if (!SortableId.IsValid(id))
        {
            return Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.SessionNotFound, "There is no such session.");
        }

        if (StreamProblems.OfCursor(after) is { } unreadable)
        {
            return unreadable;
        }

        using var connection = connections.Open(context, caller.Tenant, "websocket");
        if (connection is null)
        {
            return Problem.Of(StatusCodes.Status429TooManyRequests, ProblemTypes.Unavailable, "Too many open streams.");
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, connection.Closing);
        try
        {
            var attached = await stream.AttachAsync(caller, id, after, end.Token);
            context.Response.RegisterForDispose(attached);
            if (attached.Frames is not { } frames)
            {
                return new RelayedResult(attached.Answer);
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                KeepAliveInterval = PingEvery,
                KeepAliveTimeout = PongWithin,
            });
            await new WebSocketConversation(socket, caller, id, stream, pods, connection).RunAsync(frames, end.Token);
            return Results.Empty;
        }
        catch (PodUnavailableException)
        {
            return PodUnavailableException.ToProblem();
        }
        catch (OperationCanceledException) when (
            connection.Closing.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            return StreamProblems.Draining();
        }
    }
}
