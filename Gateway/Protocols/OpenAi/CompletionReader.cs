using System.Text.Json;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>A completion call in the session's terms: what was said before, and the input.</summary>
internal sealed record CompletionCall(
    IReadOnlyList<ConversationMessage> History, string Input, InputOptions Options, bool Stream, bool IncludeUsage,
    string? EndUser = null);

/// <summary>Checks a request and reads it; the first thing that is wrong is told as OpenAI tells it.</summary>
internal static class CompletionReader
{
    /// <summary>The model that stands for whatever the configuration chooses.</summary>
    public const string AgentModel = "agent";

    private const int MostStops = 4;
    private const int MostUserCharacters = 256;
    private static readonly HashSet<string> Roles = ["system", "developer", "user", "assistant", "tool"];

    /// <summary>Reads a body.</summary>
    /// <exception cref="CompletionException">It is not a request that can be answered.</exception>
    public static CompletionCall Read(ReadOnlySpan<byte> body)
    {
        CompletionRequest? request;
        try
        {
            var document = JsonElement.Parse(body);
            StrictJsonObjectConverter.Check(document);
            request = document.Deserialize<CompletionRequest>(CompletionRequest.Json);
        }
        catch (JsonException exception)
        {
            var param = exception.Path is { Length: > 2 } path ? path[2..] : null;
            throw CompletionException.Invalid(
                param is null ? "The body is not valid JSON." : $"'{param}' does not have the type that it should.", param);
        }

        Check(request is not null, "The body must be an object.", null);
        Check(!string.IsNullOrEmpty(request!.Model), "You must provide a model parameter.", "model");
        Check(request.Messages is { Count: > 0 }, "'messages' must have at least one message.", "messages");
        Check(request.N is null or 1, "Only one choice is given: 'n' must be 1.", "n");
        Check(request.Logprobs is not true, "'logprobs' are not supported.", "logprobs");
        Check(request.Temperature is null or (>= 0 and <= 2), "'temperature' goes from 0 to 2.", "temperature");
        Check(EndUser(request)?.Length is null or <= MostUserCharacters, $"'user' has at most {MostUserCharacters} characters.", "user");
        Check(request.TopP is null or (>= 0 and <= 1), "'top_p' goes from 0 to 1.", "top_p");
        Check((request.MaxCompletionTokens ?? request.MaxTokens) is null or > 0, "The limit of tokens must be positive.", "max_completion_tokens");
        Check(
            request.Tools?.All(tool => tool is { Type: "function", Function.Name.Length: > 0 }) ?? true,
            "A tool is a function with a name.", "tools");
        Check(IsToolChoice(request.ToolChoice), "'tool_choice' is none, auto, required or a function by name.", "tool_choice");
        Check(
            IsResponseFormat(request.ResponseFormat),
            "The type of 'response_format' is text, json_object, or json_schema with a name and a schema.", "response_format");
        return ToCall(request);
    }

    private static CompletionCall ToCall(CompletionRequest request)
    {
        var messages = request.Messages!.Select(Message).ToList();
        var isInput = messages[^1].Role == "user";
        var options = new InputOptions
        {
            Model = request.Model == AgentModel ? null : request.Model,
            Temperature = request.Temperature,
            TopP = request.TopP,
            MaxOutputTokens = request.MaxCompletionTokens ?? request.MaxTokens,
            Seed = request.Seed,
            FrequencyPenalty = request.FrequencyPenalty,
            PresencePenalty = request.PresencePenalty,
            Stop = Stops(request.Stop),
            Tools = request.Tools is null ? null : JsonSerializer.SerializeToElement(request.Tools, CompletionRequest.Json),
            ToolChoice = NotNull(request.ToolChoice),
            ResponseFormat = NotNull(request.ResponseFormat),
        };
        return new CompletionCall(
            isInput ? messages[..^1] : messages, isInput ? messages[^1].Text : "", options,
            request.Stream is true, request.StreamOptions?.IncludeUsage is true,
            EndUser(request));
    }

    private static string? EndUser(CompletionRequest request) =>
        new[] { request.SafetyIdentifier, request.User }.FirstOrDefault(name => !string.IsNullOrEmpty(name));

    private static ConversationMessage Message(CompletionMessage message, int index)
    {
        var at = $"messages.[{index}]";
        Check(message is { Role: not null } && Roles.Contains(message.Role), $"'{at}.role' is one of {string.Join(", ", Roles)}.", $"{at}.role");
        Check(message.Role != "tool" || message.ToolCallId is not null, $"'{at}.tool_call_id' is missing.", $"{at}.tool_call_id");
        var calls = message.ToolCalls?.Select(call =>
        {
            Check(call is { Id: not null, Function: { Name: not null, Arguments: not null } }, $"'{at}.tool_calls' need id, name and arguments.", $"{at}.tool_calls");
            Check(IsObject(call.Function!.Arguments!), $"The arguments of '{at}.tool_calls' are no JSON object.", $"{at}.tool_calls");
            return new ConversationToolCall(call.Id!, call.Function.Name!, call.Function.Arguments!);
        }).ToList();
        return new ConversationMessage(
            message.Role == "developer" ? "system" : message.Role!, Text(message.Content, at), calls is { Count: > 0 } ? calls : null, message.ToolCallId);
    }

    private static string Text(JsonElement? content, string at)
    {
        if (content is not { ValueKind: not JsonValueKind.Null } given)
        {
            return "";
        }

        if (given.ValueKind is JsonValueKind.String)
        {
            return given.GetString()!;
        }

        Check(given.ValueKind is JsonValueKind.Array, $"'{at}.content' is a text or a list of parts.", $"{at}.content");
        return string.Concat(given.EnumerateArray().Select(part =>
        {
            Check(
                part.ValueKind is JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind is JsonValueKind.String,
                "Only parts of text are supported.", $"{at}.content");
            return part.GetProperty("text").GetString();
        }));
    }

    private static IReadOnlyList<string>? Stops(JsonElement? stop)
    {
        if (NotNull(stop) is not { } given)
        {
            return null;
        }

        if (given.ValueKind is JsonValueKind.String)
        {
            return [given.GetString()!];
        }

        Check(
            given.ValueKind is JsonValueKind.Array && given.GetArrayLength() <= MostStops
                && given.EnumerateArray().All(item => item.ValueKind is JsonValueKind.String),
            $"'stop' is a text or a list of up to {MostStops}.", "stop");
        return [.. given.EnumerateArray().Select(item => item.GetString()!)];
    }

    private static bool IsObject(string arguments)
    {
        if (arguments.Length == 0)
        {
            return true; // as some models write "no arguments"
        }

        try
        {
            return JsonElement.Parse(arguments).ValueKind is JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // "none", "auto", "required", or {"type":"function","function":{"name":"weather"}}
    private static bool IsToolChoice(JsonElement? choice) => NotNull(choice) switch
    {
        null => true,
        { ValueKind: JsonValueKind.String } mode => mode.GetString() is "none" or "auto" or "required",
        { ValueKind: JsonValueKind.Object } named => named.TryGetProperty("function", out var function)
            && function.ValueKind is JsonValueKind.Object
            && function.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String,
        _ => false,
    };

    // {"type":"text"}, {"type":"json_object"}, or {"type":"json_schema","json_schema":{"name":"...","schema":{...}}}
    private static bool IsResponseFormat(JsonElement? format) => NotNull(format) switch
    {
        null => true,
        { ValueKind: JsonValueKind.Object } given => given.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String
            && (type.GetString() is "text" or "json_object" || (type.GetString() is "json_schema" && IsSchema(given))),
        _ => false,
    };

    private static bool IsSchema(JsonElement format) => format.TryGetProperty("json_schema", out var named)
        && named.ValueKind is JsonValueKind.Object
        && named.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String
        && named.TryGetProperty("schema", out var schema) && schema.ValueKind is JsonValueKind.Object;

    private static JsonElement? NotNull(JsonElement? element) => element is { ValueKind: JsonValueKind.Null } ? null : element;

    private static void Check(bool holds, string message, string? param)
    {
        if (!holds)
        {
            throw CompletionException.Invalid(message, param);
        }
    }
}
