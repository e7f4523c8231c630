using System.Text.Json;
using AspireAgent.Simulator.Faults;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Chat;

/// <summary><c>POST /v1/chat/completions</c>: what is asked, with which fault, and how it ended.</summary>
internal sealed class ChatEndpoint(ChatSender sender, Tokens tokens, FaultPlan plan, RequestLog log, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task HandleAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not var (request, model) || await FaultAsync(context, model) is not { } fault)
        {
            return;
        }

        var entry = new RequestEntry($"chatcmpl-{Guid.NewGuid():N}", model.Name, request.Stream, request.Messages, time.GetUtcNow())
        {
            InputTokens = tokens.CountChat(request.Messages.Select(message => message.Text)),
            Temperature = request.Temperature,
            MaxTokens = request.MaxCompletionTokens ?? request.MaxTokens,
        }.From(context);
        log.Add(entry);
        try
        {
            await sender.SendAsync(context, request, model, fault, entry);
        }
        catch (ConnectionCutException)
        {
            log.Faulted(entry.Id);
            if (context.Response.HasStarted)
            {
                throw; // the server sends what was said and closes without the body's end; an abort would drop some of it
            }

            context.Abort();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            log.Cancelled(entry.Id);
        }
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
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The body is not a chat request: {exception.Message}");
            return null;
        }

        if (request is null || request.Messages.Length == 0 || request.N > 1)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "'messages' must not be empty, and 'n' must be 1.");
            return null;
        }

        if (ModelProfile.Find(request.Model) is not { } model)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"The model '{request.Model}' does not exist.", "model_not_found");
            return null;
        }

        return (request, model);
    }

    // The nearest to the request holds: its own header, its address, what was ordered. Null: refused.
    private async Task<Fault?> FaultAsync(HttpContext context, ModelProfile model)
    {
        try
        {
            return FaultSpec.Parse(context.Request.Headers[FaultSpec.Header])
                ?? context.Features.Get<Fault>() ?? plan.Take(model.Name) ?? Fault.None;
        }
        catch (FormatException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message);
            return null;
        }
    }

    private static async Task RefuseAsync(HttpContext context, int status, string message, string? code = null)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(ChatReplies.Error(message, "invalid_request_error", code));
    }
}
