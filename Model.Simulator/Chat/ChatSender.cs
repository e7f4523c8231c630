using System.Globalization;
using System.Text.Json.Nodes;
using AspireAgent.Simulator.Faults;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Chat;

/// <summary>Sends an answer, streamed or whole, in a model's tempo and with a fault.</summary>
internal sealed class ChatSender(AnswerWriter writer, Tempo tempo, RequestLog log, TimeProvider time)
{
    // A chunk that a proxy cut off.
    private const string Garbage = """{"id":"chatcmpl-0","choices":[{"index":0,"delta":{"con""";

    /// <exception cref="ConnectionCutException">It is time to break the connection.</exception>
    public async Task SendAsync(HttpContext context, ChatRequest request, ModelProfile model, Fault fault, RequestEntry entry)
    {
        if (fault.Delay is { } delay)
        {
            await tempo.ForFaultAsync(TimeSpan.FromMilliseconds(delay), context.RequestAborted);
        }

        if (fault.Status is { } status)
        {
            log.Faulted(entry.Id);
            await RefuseAsync(context, status, fault.RetryAfter);
            return;
        }

        if (fault.Cut == 0)
        {
            throw new ConnectionCutException();
        }

        var answer = writer.Write(request, model, fault, out var random);
        var replies = new ChatReplies(entry.Id, model.Name, time.GetUtcNow().ToUnixTimeSeconds(), entry.InputTokens);
        var pace = new Pace(tempo, model, fault, random);
        await tempo.BeforeFirstTokenAsync(model, random, context.RequestAborted);
        if (request.Stream)
        {
            await StreamAsync(context, answer, replies, pace, fault, entry, request.StreamOptions?.IncludeUsage == true && !fault.NoUsage);
        }
        else
        {
            await SendWholeAsync(context, answer, replies, pace, fault, entry);
        }
    }

    private async Task StreamAsync(
        HttpContext context, Answer answer, ChatReplies replies, Pace pace, Fault fault, RequestEntry entry, bool withUsage)
    {
        var gone = context.RequestAborted;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        await SendAsync(context, replies.Opening());
        for (var i = 0; ; i++)
        {
            if (fault.Garbage == i)
            {
                await SendAsync(context, Garbage);
            }

            await pace.StrikeAsync(i, gone);
            if (fault.End == i)
            {
                log.Faulted(entry.Id);
                return;
            }

            if (i == answer.Pieces.Count)
            {
                break;
            }

            await pace.BeforeTokenAsync(i, gone);
            var piece = answer.Pieces[i];
            if (piece.Call is { } call && (i == 0 || answer.Pieces[i - 1].Call != call))
            {
                await SendAsync(context, replies.ToolCallOpening(call, answer.ToolCalls[call]));
            }

            log.Token(entry.Id, i + 1);
            gone.ThrowIfCancellationRequested();
            await SendAsync(context, replies.Piece(piece));
        }

        await SendAsync(context, replies.Ending(answer.FinishReason));
        if (withUsage)
        {
            await SendAsync(context, replies.UsageChunk(answer.Pieces.Count));
        }

        log.Completed(entry.Id);
        await SendAsync(context, "[DONE]");
    }

    private async Task SendWholeAsync(HttpContext context, Answer answer, ChatReplies replies, Pace pace, Fault fault, RequestEntry entry)
    {
        var gone = context.RequestAborted;
        if (fault.End <= answer.Pieces.Count)
        {
            answer = answer with { Pieces = [.. answer.Pieces.Take(fault.End.Value)], FinishReason = null };
        }

        for (var i = 0; i < answer.Pieces.Count; i++)
        {
            await pace.StrikeAsync(i, gone);
            await pace.BeforeTokenAsync(i, gone);
            log.Token(entry.Id, i + 1);
        }

        await pace.StrikeAsync(answer.Pieces.Count, gone);
        if (answer.FinishReason is null)
        {
            log.Faulted(entry.Id);
        }
        else
        {
            log.Completed(entry.Id);
        }

        var body = replies.Whole(answer, withUsage: !fault.NoUsage).ToJsonString();
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(fault.Garbage <= answer.Pieces.Count ? Garbage : body, gone);
    }

    private static Task SendAsync(HttpContext context, JsonObject chunk) => SendAsync(context, chunk.ToJsonString());

    private static async Task SendAsync(HttpContext context, string data)
    {
        await context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static async Task RefuseAsync(HttpContext context, int status, int? retryAfter)
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter.Value.ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsJsonAsync(ChatReplies.Error(
            $"Simulated status {status}.", status < 500 ? "invalid_request_error" : "server_error", status == 429 ? "rate_limit_exceeded" : "server_error"));
    }
}
