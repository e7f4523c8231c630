using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.Streams;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace AspireAgent.Agent.Endpoints;

/// <summary>
/// <c>GET /v1/sessions/{id}/events?after=</c>: the log from there on, over SSE. A cursor that the log does not know gets <c>reset</c>
/// with a snapshot first. A <c>ping</c> comes each second without an event; the stream ends with the session, or as <c>moved</c>.
/// </summary>
internal static class EventsEndpoint
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(1);

    public static Task<IResult> Stream(
        string id, HttpContext context, SessionHost host, IHostApplicationLifetime lifetime, string? after = null)
    {
        Cursor? cursor = null;
        if (after is not null)
        {
            if (!Cursor.TryParse(after, out var given))
            {
                return Task.FromResult<IResult>(Problem.Of(
                    StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The cursor is none: a seq, or an id of this stream."));
            }

            cursor = given;
        }

        // A gateway that waits for its client is not a broken one.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        return SessionEndpoints.WithSessionAsync(id, context, host, session =>
            Task.FromResult<IResult>(TypedResults.ServerSentEvents(
                Items(session, cursor, lifetime.ApplicationStopping, context.RequestAborted))));
    }

    private static async IAsyncEnumerable<SseItem<string>> Items(
        Session session, Cursor? cursor, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        await foreach (var frame in session.Reader.ReadAsync(cursor, PingEvery, end.Token).UntilCancelled(end.Token))
        {
            yield return frame.Cursor is { } place
                ? new SseItem<string>(frame.Json, frame.Type) { EventId = place.ToString() }
                : new SseItem<string>(frame.Json, frame.Type);
        }
    }
}
