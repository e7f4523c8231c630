using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>A turn in the terms of Microsoft.Extensions.AI.</summary>
internal static class Prompt
{
    /// <summary>The messages that the model is shown: the system prompt, what was said, and the input.</summary>
    public static IList<ChatMessage> Messages(string systemPrompt, IEnumerable<ConversationMessage> conversation) =>
        [new ChatMessage(ChatRole.System, systemPrompt), .. conversation.Select(ToChatMessage)];

    /// <summary>How the model is to answer, in at most <paramref name="cap"/> tokens. What the call itself asks for comes before the configuration.</summary>
    public static ChatOptions Options(TurnRequest turn, LiveKnobs live, int cap)
    {
        var call = turn.Input.Event.Options ?? new InputOptions();
        var options = new ChatOptions
        {
            Temperature = (float?)(call.Temperature ?? live.Temperature),
            TopP = (float?)(call.TopP ?? live.TopP),
            MaxOutputTokens = cap,
            FrequencyPenalty = (float?)call.FrequencyPenalty,
            PresencePenalty = (float?)call.PresencePenalty,
            Seed = call.Seed,
            StopSequences = call.Stop is null ? null : [.. call.Stop],
            ResponseFormat = ResponseFormat(call.ResponseFormat),
        };
        if (call.Tools is { ValueKind: JsonValueKind.Array } tools)
        {
            options.Tools = [.. tools.EnumerateArray().Select(ToDeclaration)];
            options.ToolMode = ToolMode(call.ToolChoice);
        }

        return options;
    }

    /// <summary>
    /// The same, where each call of a tool that was never answered, and that something follows, is answered by a stand-in: a caller may
    /// have left his own calls alone and said something else, and vendors refuse a call without an answer.
    /// </summary>
    public static IEnumerable<ConversationMessage> WithAllAnswers(IReadOnlyList<ConversationMessage> conversation)
    {
        var open = new List<ConversationToolCall>();
        foreach (var message in conversation)
        {
            if (message.ToolCallId is { } answered)
            {
                open.RemoveAll(call => call.Id == answered);
            }
            else
            {
                foreach (var call in open)
                {
                    yield return new ConversationMessage(
                        "tool", new ToolReturned(call.Id, Ok: false, Error: ToolReturned.Interrupted).Shown, ToolCallId: call.Id);
                }

                open = [.. message.ToolCalls ?? []];
            }

            yield return message;
        }
    }

    private static ChatMessage ToChatMessage(ConversationMessage message)
    {
        var role = new ChatRole(message.Role);
        if (message.ToolCallId is { } answered)
        {
            return new ChatMessage(ChatRole.Tool, [new FunctionResultContent(answered, message.Text)]);
        }

        var content = new List<AIContent>();
        if (message.Text.Length > 0 || message.ToolCalls is null)
        {
            content.Add(new TextContent(message.Text));
        }

        content.AddRange((message.ToolCalls ?? []).Select(call => new FunctionCallContent(
            call.Id, call.Name, JsonSerializer.Deserialize<Dictionary<string, object?>>(call.Arguments.Length == 0 ? "{}" : call.Arguments))));
        return new ChatMessage(role, content);
    }

    // {"type":"function","function":{"name":"weather","description":"...","parameters":{...}}}
    private static AITool ToDeclaration(JsonElement tool)
    {
        var function = tool.GetProperty("function");
        var parameters = function.TryGetProperty("parameters", out var schema) ? schema : JsonElement.Parse("{}");
        var description = function.TryGetProperty("description", out var text) ? text.GetString() : null;
        return AIFunctionFactory.CreateDeclaration(function.GetProperty("name").GetString()!, description, parameters);
    }

    // "auto" | "none" | "required" | {"type":"function","function":{"name":"weather"}}
    private static ChatToolMode? ToolMode(JsonElement? choice) => choice switch
    {
        { ValueKind: JsonValueKind.String } mode when mode.GetString() == "none" => ChatToolMode.None,
        { ValueKind: JsonValueKind.String } mode when mode.GetString() == "required" => ChatToolMode.RequireAny,
        { ValueKind: JsonValueKind.Object } named => ChatToolMode.RequireSpecific(
            named.GetProperty("function").GetProperty("name").GetString()!),
        _ => null,
    };

    // {"type":"json_object"} | {"type":"json_schema","json_schema":{"name":"...","schema":{...}}} | {"type":"text"}
    private static ChatResponseFormat? ResponseFormat(JsonElement? format)
    {
        if (format is not { ValueKind: JsonValueKind.Object } wanted || Text(wanted, "type") is not { } type)
        {
            return null;
        }

        return type switch
        {
            "json_object" => ChatResponseFormat.Json,
            "json_schema" when Object(wanted, "json_schema") is { } named && Object(named, "schema") is { } schema =>
                ChatResponseFormat.ForJsonSchema(schema, Text(named, "name")),
            _ => null,
        };
    }

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static JsonElement? Object(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object ? value : null;
}
