using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Simulator.Faults;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Chat;

/// <summary><c>POST /v1/chat/completions</c>, with tempo and faults.</summary>
internal sealed class ChatEndpoint(AnswerWriter writer, Tokens tokens, Tempo tempo, FaultPlan plan, RequestLog log, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task HandleAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not var (request, model))
        {
            return;
        }

        var fault = await FaultOfAsync(context, model);
        if (context.Response.HasStarted)
        {
            return;
        }

        var entry = new RequestEntry($"chatcmpl-{Guid.NewGuid():N}", model.Name, request.Stream, request.Messages, time.GetUtcNow())
        {
            InputTokens = tokens.CountChat(request.Messages.Select(message => message.Text)),
            Temperature = request.Temperature,
            MaxTokens = request.MaxCompletionTokens ?? request.MaxTokens,
        };
        log.Add(entry);
        try
        {
            await AnswerAsync(context, request, model, fault, entry);
        }
        catch (ConnectionCutException)
        {
            End(entry, RequestState.Faulted);
            if (context.Response.HasStarted)
            {
                throw; // the server sends what was said and closes without the body's end; an abort would drop some of it
            }

            context.Abort();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            log.Update(entry.Id, known => known with { State = RequestState.Cancelled, CancelledAt = time.GetUtcNow() });
        }
    }

    private async Task AnswerAsync(HttpContext context, ChatRequest request, ModelProfile model, Fault? fault, RequestEntry entry)
    {
        var gone = context.RequestAborted;
        if (fault?.Delay is { } delay)
        {
            await tempo.ForFaultAsync(TimeSpan.FromMilliseconds(delay), gone);
        }

        if (fault?.Status is { } status)
        {
            End(entry, RequestState.Faulted);
            if (fault.RetryAfter is { } retryAfter)
            {
                context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
            }

            await RefuseAsync(context, status, $"Simulated status {status}.", status == 429 ? "rate_limit_exceeded" : "server_error");
            return;
        }

        if (fault?.Cut == 0)
        {
            throw new ConnectionCutException();
        }

        var answer = writer.Write(request, model, out var random);
        if (fault?.Repeat is { } repeatFrom && answer.Pieces.Count > repeatFrom)
        {
            answer = answer with { Pieces = [.. answer.Pieces.Select((piece, i) => i < repeatFrom ? piece : answer.Pieces[repeatFrom])] };
        }

        var replies = new ChatReplies(entry.Id, model.Name, time.GetUtcNow().ToUnixTimeSeconds(), entry.InputTokens);
        await tempo.BeforeFirstTokenAsync(model, random, gone);
        if (request.Stream)
        {
            await StreamAsync(context, request, model, fault, entry, answer, replies, random);
            return;
        }

        for (var i = 0; i < answer.Pieces.Count; i++)
        {
            await PaceAsync(context, model, fault, entry, i, random);
        }

        await context.Response.WriteAsJsonAsync(replies.Whole(answer), gone);
        End(entry, RequestState.Completed);
    }

    private async Task StreamAsync(
        HttpContext context, ChatRequest request, ModelProfile model, Fault? fault, RequestEntry entry, Answer answer,
        ChatReplies replies, Random random)
    {
        var gone = context.RequestAborted;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        await SendAsync(context, answer.ToolCall is { } call ? replies.ToolCallOpening(call) : replies.Opening());
        for (var i = 0; i < answer.Pieces.Count; i++)
        {
            await PaceAsync(context, model, fault, entry, i, random);
            gone.ThrowIfCancellationRequested();
            await SendAsync(context, answer.ToolCall is null ? replies.Piece(answer.Pieces[i]) : replies.ToolCallPiece(answer.Pieces[i]));
        }

        await SendAsync(context, replies.Ending(answer.FinishReason));
        if (request.StreamOptions?.IncludeUsage == true)
        {
            await SendAsync(context, replies.UsageChunk(answer.Pieces.Count));
        }

        await context.Response.WriteAsync("data: [DONE]\n\n", gone);
        End(entry, RequestState.Completed);
    }

    // The wait before token i, and the faults that strike there.
    private async Task PaceAsync(HttpContext context, ModelProfile model, Fault? fault, RequestEntry entry, int i, Random random)
    {
        var gone = context.RequestAborted;
        if (fault?.Cut == i)
        {
            throw new ConnectionCutException();
        }

        if (fault?.Stall == i)
        {
            await tempo.ForFaultAsync(Timeout.InfiniteTimeSpan, gone);
        }

        if (fault?.Drip is { } drip)
        {
            await tempo.ForFaultAsync(TimeSpan.FromMilliseconds(drip), gone);
        }
        else if (i > 0)
        {
            await tempo.BeforeTokenAsync(model, random, gone);
        }

        log.Update(entry.Id, known => known with { OutputTokens = i + 1, FirstTokenAt = known.FirstTokenAt ?? time.GetUtcNow() });
    }

    private static async Task<(ChatRequest, ModelProfile)?> ReadAsync(HttpContext context)
    {
        ChatRequest? request = null;
        try
        {
            request = await JsonSerializer.DeserializeAsync<ChatRequest>(context.Request.Body, Json, context.RequestAborted);
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The body is not a chat request: {exception.Message}", null);
            return null;
        }

        if (request is null || request.Messages.Length == 0 || request.N > 1)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "'messages' must not be empty, and 'n' must be 1.", null);
            return null;
        }

        if (ModelProfile.Find(request.Model) is not { } model)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"The model '{request.Model}' does not exist.", "model_not_found");
            return null;
        }

        return (request, model);
    }

    private async Task<Fault?> FaultOfAsync(HttpContext context, ModelProfile model)
    {
        try
        {
            return Fault.Parse(context.Request.Headers[Fault.Header]) ?? plan.Take(model.Name);
        }
        catch (FormatException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message, null);
            return null;
        }
    }

    private static async Task SendAsync(HttpContext context, JsonObject chunk)
    {
        await context.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static async Task RefuseAsync(HttpContext context, int status, string message, string? code)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(ChatReplies.Error(message, status < 500 ? "invalid_request_error" : "server_error", code));
    }

    private void End(RequestEntry entry, RequestState state) =>
        log.Update(entry.Id, known => known with { State = state, EndedAt = time.GetUtcNow() });

    /// <summary>We break the connection, as ordered.</summary>
    private sealed class ConnectionCutException : Exception;
}
