using System.Text.Json.Nodes;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>OpenAI's chunks and completions. Id, model and time of creation stay the same from the first to the last.</summary>
internal sealed class CompletionReplies(string id, string model, long created)
{
    public JsonObject Opening() => Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null);

    public JsonObject Token(string text) => Chunk(new JsonObject { ["content"] = text }, null);

    public JsonObject ToolCall(int index, ToolCalled call)
    {
        var item = Describe(call);
        item["index"] = index;
        return Chunk(new JsonObject { ["tool_calls"] = new JsonArray(item) }, null);
    }

    public JsonObject Ending(string finish) => Chunk([], finish);

    public JsonObject Usage(TokenUsage usage)
    {
        var chunk = Envelope("chat.completion.chunk");
        chunk["choices"] = new JsonArray();
        chunk["usage"] = Describe(usage);
        return chunk;
    }

    public JsonObject Whole(string text, IReadOnlyList<ToolCalled> calls, string finish, TokenUsage? usage)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = text.Length == 0 && calls.Count > 0 ? null : text };
        if (calls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. calls.Select(Describe)]);
        }

        var completion = Envelope("chat.completion");
        completion["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = finish });
        if (usage is not null)
        {
            completion["usage"] = Describe(usage);
        }

        return completion;
    }

    private static JsonObject Describe(ToolCalled call) => new()
    {
        ["id"] = call.Call,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
    };

    private static JsonObject Describe(TokenUsage usage) => new()
    {
        ["prompt_tokens"] = usage.Input,
        ["completion_tokens"] = usage.Output,
        ["total_tokens"] = usage.Input + usage.Output,
    };

    private JsonObject Chunk(JsonObject delta, string? finish)
    {
        var chunk = Envelope("chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish });
        return chunk;
    }

    private JsonObject Envelope(string kind) => new() { ["id"] = id, ["object"] = kind, ["created"] = created, ["model"] = model };
}
