using System.Text.Json.Nodes;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Chat;

/// <summary>OpenAI's JSON: chunks, completions, errors.</summary>
internal sealed class ChatReplies(string id, string model, long created, int inputTokens)
{
    public JsonObject Opening() => Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null);

    public JsonObject Piece(string text) => Chunk(new JsonObject { ["content"] = text }, null);

    public JsonObject ToolCallOpening(AnswerToolCall call) => Chunk(
        new JsonObject
        {
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["id"] = call.Id,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = "" },
            }),
        },
        null);

    public JsonObject ToolCallPiece(string arguments) => Chunk(
        new JsonObject
        {
            ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["function"] = new JsonObject { ["arguments"] = arguments } }),
        },
        null);

    public JsonObject Ending(string finishReason) => Chunk([], finishReason);

    public JsonObject UsageChunk(int outputTokens)
    {
        var chunk = Envelope("chat.completion.chunk");
        chunk["choices"] = new JsonArray();
        chunk["usage"] = Usage(outputTokens);
        return chunk;
    }

    public JsonObject Whole(Answer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.ToolCall is null ? string.Concat(answer.Pieces) : null };
        if (answer.ToolCall is { } call)
        {
            message["tool_calls"] = new JsonArray(new JsonObject
            {
                ["id"] = call.Id,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
            });
        }

        var completion = Envelope("chat.completion");
        completion["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = message,
            ["finish_reason"] = answer.FinishReason,
        });
        completion["usage"] = Usage(answer.Pieces.Count);
        return completion;
    }

    public static JsonObject Error(string message, string type, string? code, string? param = null) => new()
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["code"] = code, ["param"] = param },
    };

    private JsonObject Chunk(JsonObject delta, string? finishReason)
    {
        var chunk = Envelope("chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finishReason });
        return chunk;
    }

    private JsonObject Envelope(string kind) => new() { ["id"] = id, ["object"] = kind, ["created"] = created, ["model"] = model };

    private JsonObject Usage(int outputTokens) => new()
    {
        ["prompt_tokens"] = inputTokens,
        ["completion_tokens"] = outputTokens,
        ["total_tokens"] = inputTokens + outputTokens,
    };
}
