using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspireAgent.Simulator.Chat;

namespace AspireAgent.Simulator.Text;

/// <summary>Decides which of the caller's tools a model calls, and with what.</summary>
internal static class ToolCaller
{
    /// <summary>Tools are called when the caller demands it, or when the user's last words name them: in the order in which they are named.</summary>
    public static IReadOnlyList<AnswerToolCall> CallsFor(ChatRequest request, Random random)
    {
        if (request.Messages[^1].Role != "user" || request.Tools is not { Count: > 0 } tools || request.ToolChoiceMode == "none")
        {
            return [];
        }

        var text = request.Messages[^1].Text;
        List<ChatFunction> called = tools.FirstOrDefault(tool => tool.Name == request.ToolChoiceName) is { } chosen ? [chosen] : Named(tools, text);
        if (called.Count == 0 && request.ToolChoiceMode == "required")
        {
            called = [tools[0]];
        }

        return [.. called.Take(request.ParallelToolCalls == false ? 1 : called.Count)
            .Select(tool => new AnswerToolCall($"call_{random.NextInt64():x16}", tool.Name, Arguments(tool.Parameters, text)))];
    }

    private static List<ChatFunction> Named(IReadOnlyList<ChatFunction> tools, string text) =>
        [.. tools.Select(tool => (Tool: tool, Match: Regex.Match(text, $@"(?<![\w-]){Regex.Escape(tool.Name)}(?![\w-])", RegexOptions.IgnoreCase)))
            .Where(named => named.Match.Success)
            .OrderBy(named => named.Match.Index)
            .Select(named => named.Tool)];

    private static string Arguments(JsonElement schema, string text)
    {
        var arguments = new JsonObject();
        if (schema.ValueKind is JsonValueKind.Object && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                arguments[property.Name] = Value(property.Value, text);
            }
        }

        return arguments.ToJsonString();
    }

    private static JsonNode? Value(JsonElement schema, string text)
    {
        if (schema.TryGetProperty("enum", out var allowed) && allowed.GetArrayLength() > 0)
        {
            return JsonNode.Parse(allowed[0].GetRawText());
        }

        return (schema.TryGetProperty("type", out var type) ? type.ToString() : "string") switch
        {
            "integer" or "number" => 1,
            "boolean" => true,
            "array" => new JsonArray(),
            "object" => new JsonObject(),
            _ => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("")!.Trim('?', '.', '!'),
        };
    }
}
