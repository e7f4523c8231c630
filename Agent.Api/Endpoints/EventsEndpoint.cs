using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Endpoints;

/// <summary>
/// <c>GET /v1/sessions/{id}/events?after=</c>: the log from there on, over SSE. A cursor that the log does not know gets <c>reset</c>
/// with a snapshot first. A <c>ping</c> comes each second without an event; the stream ends with the session, or as <c>moved</c>.
/// </summary>
internal static class EventsEndpoint
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(1);

    private static SseItem<string> Ping => new("{\"type\":\"ping\"}", "ping");

    private static SseItem<string> Moved => new("{\"type\":\"moved\"}", "moved");

    public static Task<IResult> Stream(
        string id, HttpContext context, SessionHost host, IHostApplicationLifetime lifetime, string? after = null)
    {
        var cursor = Cursor.Start;
        if (after is not null && !Cursor.TryParse(after, out cursor))
        {
            return Task.FromResult<IResult>(Problem.Of(
                StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The cursor is none: a seq, or an id of this stream."));
        }

        return SessionEndpoints.WithSessionAsync(id, context, host, session =>
            Task.FromResult<IResult>(TypedResults.ServerSentEvents(
                Items(session, cursor, lifetime.ApplicationStopping, context.RequestAborted))));
    }

    private static async IAsyncEnumerable<SseItem<string>> Items(
        Session session, Cursor cursor, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        var after = cursor.Seq;
        if (!session.Reader.CanResume(cursor))
        {
            if (await session.Reader.SnapshotAsync(end.Token) is not { } snapshot)
            {
                yield return Moved;
                yield break;
            }

            after = snapshot.Seq;
            yield return new SseItem<string>(Reset(snapshot), "reset") { EventId = session.Reader.CursorOf(after).ToString() };
        }
        else if (after >= session.SavedSeq)
        {
            yield return Ping; // the response's headers go out with the first item
        }

        await foreach (var batch in session.Reader.ReadAsync(after, PingEvery, end.Token).UntilCancelled(end.Token))
        {
            if (batch.Count == 0)
            {
                yield return Ping;
            }

            foreach (var logged in batch)
            {
                yield return new SseItem<string>(logged.Json, logged.Type) { EventId = session.Reader.CursorOf(logged.Seq).ToString() };
            }
        }

        if (!session.State.Closed)
        {
            yield return Moved;
        }
    }

    private static string Reset(SessionSnapshot snapshot) => new JsonObject
    {
        ["type"] = "reset",
        ["seq"] = snapshot.Seq,
        ["snapshot"] = JsonSerializer.SerializeToNode(snapshot, WireJson.Types.SessionSnapshot),
    }.ToJsonString();
}
