using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>
/// <c>POST /v1/chat/completions</c>, as OpenAI's clients know it. The response's headers wait for the first token or error, so that
/// an error before it has a status. <c>x-session-id</c> joins a session.
/// </summary>
internal sealed class CompletionsEndpoint(
    PodClient pods, SessionStream stream, Connections connections, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const string SessionHeader = "x-session-id";
    private const string FingerprintHeader = "x-agent-fingerprint";

    public async Task HandleAsync(HttpContext context)
    {
        var caller = Caller.Of(context.User);
        using var connection = connections.Open(context, caller.Tenant, "completion");
        if (connection is null)
        {
            await RefuseAsync(context, CompletionException.OfProblem(StatusCodes.Status429TooManyRequests, "Too many open streams.", null));
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, connection.Closing);
        CompletionTurn? turn = null;
        try
        {
            var call = CompletionReader.Read(await ReadBodyAsync(context, end.Token));
            turn = new CompletionTurn(
                caller with { EndUser = caller.EndUser ?? call.EndUser }, SessionOf(context), call, pods, stream, connection, time);

            // Not cut short by a caller who leaves: then nobody would know whether there is something to cancel.
            await turn.StartAsync(lifetime.ApplicationStopping);
            await AnswerAsync(context, call, turn, end.Token);
        }
        catch (Exception exception) when (RefusalOf(exception, connection, context.RequestAborted) is { } refusal)
        {
            await using var limit = connection.Writing();
            await RefuseAsync(context, refusal);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left.
        }
        finally
        {
            if (turn is not null)
            {
                await turn.AbandonAsync(); // whoever asks again gets an answer of its own
            }
        }
    }

    private static CompletionException? RefusalOf(Exception exception, Connection connection, CancellationToken left) => exception switch
    {
        CompletionException refusal => refusal,
        PodUnavailableException => CompletionException.OfProblem(
            StatusCodes.Status503ServiceUnavailable, "No agent can answer now; try again in a moment.", ProblemTypes.Unavailable),
        OperationCanceledException when connection.Closing.IsCancellationRequested && !left.IsCancellationRequested => CompletionException.Draining(),
        _ => null,
    };

    private static async Task<byte[]> ReadBodyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }

    private static string? SessionOf(HttpContext context)
    {
        var session = context.Request.Headers[SessionHeader].ToString();
        return session.Length == 0 ? null
            : SortableId.IsValid(session) ? session
            : throw CompletionException.OfProblem(StatusCodes.Status404NotFound, "There is no such session.", ProblemTypes.SessionNotFound);
    }

    private async Task AnswerAsync(HttpContext context, CompletionCall request, CompletionTurn turn, CancellationToken cancellationToken)
    {
        await using var events = turn.EventsAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var (first, build) = await FirstAsync(events);
        context.Response.Headers[SessionHeader] = turn.Session;
        context.Response.Headers.CacheControl = "no-store";
        if (build is not null)
        {
            context.Response.Headers[FingerprintHeader] = build.Fingerprint();
        }

        var replies = new CompletionReplies(
            $"chatcmpl-{turn.Turn}", build?.Model ?? request.Options.Model ?? CompletionReader.AgentModel, time.GetUtcNow().ToUnixTimeSeconds());
        if (request.Stream)
        {
            await StreamAsync(context, request, replies, first, events, cancellationToken);
        }
        else
        {
            await context.Response.WriteAsJsonAsync(await CollectAsync(replies, first, events), cancellationToken);
        }
    }

    // What comes before the first word decides the status. The build is named by the first thing said, be it the call of a tool that the
    // caller does not see; null: nothing was said.
    private static async Task<(SessionEvent First, BuildId? Build)> FirstAsync(IAsyncEnumerator<SessionEvent> events)
    {
        BuildId? build = null;
        while (await events.MoveNextAsync())
        {
            build = events.Current switch
            {
                TokenProduced token => token.BuildId ?? build,
                ToolCalled call => call.BuildId ?? build,
                ModelSwitched { How: SwitchedHow.Restart } => null,
                _ => build,
            };
            switch (events.Current)
            {
                case TurnFailed failed:
                    throw CompletionException.OfTurn(failed);
                case TokenProduced or ToolCalled { IsClients: true }:
                case { EndsTurn: true }:
                    return (events.Current, build);
                default:
                    break;
            }
        }

        throw CompletionException.OfTurn(new TurnFailed(ProblemTypes.TurnError, Retriable: false));
    }

    private static async Task<JsonObject> CollectAsync(CompletionReplies replies, SessionEvent first, IAsyncEnumerator<SessionEvent> events)
    {
        var (text, calls, step) = (new StringBuilder(), new List<ToolCalled>(), 0);
        for (var happened = first; ; happened = events.Current)
        {
            switch (happened)
            {
                case TokenProduced token:
                    text.Append(token.Text);
                    break;
                case ToolCalled { IsClients: true } call:
                    calls.Add(call);
                    break;
                case ToolReturned:
                    step = text.Length;
                    break;
                case ModelSwitched { How: SwitchedHow.Restart }:
                    text.Length = step;
                    calls.Clear();
                    break;
                case TurnCompleted completed:
                    return replies.Whole(text.ToString(), calls, completed.Finish, completed.Usage);
                case TurnCancelled:
                    return replies.Whole(text.ToString(), calls, "stop", null);
                case TurnFailed failed:
                    throw CompletionException.OfTurn(failed);
                default:
                    break;
            }

            if (!await events.MoveNextAsync())
            {
                throw CompletionException.OfTurn(new TurnFailed(ProblemTypes.TurnError, Retriable: false));
            }
        }
    }

    private static async Task StreamAsync(
        HttpContext context, CompletionCall call, CompletionReplies replies, SessionEvent first, IAsyncEnumerator<SessionEvent> events,
        CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream";
        await SendAsync(context, replies.Opening(), cancellationToken);
        var (calls, isSeen) = (0, false);
        for (var happened = first; ; happened = events.Current)
        {
            switch (happened)
            {
                case TokenProduced token:
                    isSeen = true;
                    await SendAsync(context, replies.Token(token.Text), cancellationToken);
                    break;
                case ToolCalled { IsClients: true } tool:
                    isSeen = true;
                    await SendAsync(context, replies.ToolCall(calls++, tool), cancellationToken);
                    break;
                case ToolReturned:
                    isSeen = false; // what stands before it stays
                    break;
                case ModelSwitched { How: SwitchedHow.Restart } when isSeen:
                    throw CompletionException.Restarted(); // what was sent cannot be taken back
                case TurnCompleted completed:
                    await SendAsync(context, replies.Ending(completed.Finish), cancellationToken);
                    if (call.IncludeUsage)
                    {
                        await SendAsync(context, replies.Usage(completed.Usage), cancellationToken);
                    }

                    await context.Response.WriteAsync("data: [DONE]\n\n", cancellationToken);
                    return;
                case TurnCancelled:
                    await SendAsync(context, replies.Ending("stop"), cancellationToken);
                    await context.Response.WriteAsync("data: [DONE]\n\n", cancellationToken);
                    return;
                case TurnFailed failed:
                    throw CompletionException.OfTurn(failed);
                default:
                    break;
            }

            if (!await events.MoveNextAsync())
            {
                throw CompletionException.OfTurn(new TurnFailed(ProblemTypes.TurnError, Retriable: false));
            }
        }
    }

    private static async Task SendAsync(HttpContext context, JsonObject chunk, CancellationToken cancellationToken)
    {
        await context.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n", cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }

    // Before the first byte a status, after it one more data line and no [DONE].
    private static async Task RefuseAsync(HttpContext context, CompletionException exception)
    {
        try
        {
            if (context.Response.HasStarted)
            {
                await SendAsync(context, exception.ToJson(), context.RequestAborted);
            }
            else
            {
                context.Response.StatusCode = exception.Status;
                if (exception.RetryAfterSeconds is { } seconds)
                {
                    context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                }

                await context.Response.WriteAsJsonAsync(exception.ToJson(), context.RequestAborted);
            }

            await context.Response.CompleteAsync(); // what is still to be done is none of the caller's business
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left.
        }
    }
}
