using System.Text.Json.Nodes;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Chat;

/// <summary>OpenAI's JSON: chunks, completions, errors.</summary>
internal sealed class ChatReplies(string id, string model, long created, int inputTokens)
{
    public JsonObject Opening() => Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null);

    public JsonObject Piece(AnswerPiece piece) => piece.Call is { } index
        ? ToolCallChunk(new JsonObject { ["index"] = index, ["function"] = new JsonObject { ["arguments"] = piece.Text } })
        : Chunk(new JsonObject { ["content"] = piece.Text }, null);

    public JsonObject ToolCallOpening(int index, AnswerToolCall call)
    {
        var opening = ToolCall(call with { Arguments = "" });
        opening["index"] = index;
        return ToolCallChunk(opening);
    }

    public JsonObject Ending(string? finishReason) => Chunk([], finishReason);

    public JsonObject UsageChunk(int outputTokens)
    {
        var chunk = Envelope("chat.completion.chunk");
        chunk["choices"] = new JsonArray();
        chunk["usage"] = Usage(outputTokens);
        return chunk;
    }

    public JsonObject Whole(Answer answer, bool withUsage)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.ToolCalls.Count > 0 ? null : answer.Text };
        if (answer.ToolCalls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. answer.ToolCalls.Select(ToolCall)]);
        }

        var completion = Envelope("chat.completion");
        completion["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = message,
            ["finish_reason"] = answer.FinishReason,
        });
        if (withUsage)
        {
            completion["usage"] = Usage(answer.Pieces.Count);
        }

        return completion;
    }

    public static JsonObject Error(string message, string type, string? code, string? param = null) => new()
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["code"] = code, ["param"] = param },
    };

    private static JsonObject ToolCall(AnswerToolCall call) => new()
    {
        ["id"] = call.Id,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
    };

    private JsonObject ToolCallChunk(JsonObject call) => Chunk(new JsonObject { ["tool_calls"] = new JsonArray(call) }, null);

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
