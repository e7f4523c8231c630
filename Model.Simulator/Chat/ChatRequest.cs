using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspireAgent.Simulator.Chat;

/// <summary>A request of OpenAI's chat completions API, as far as it is simulated; other members are ignored.</summary>
internal sealed record ChatRequest
{
    private const int DefaultOutputLimit = 4_096;

    public required string Model { get; init; }

    public required ChatMessage[] Messages { get; init; }

    public bool Stream { get; init; }

    [JsonPropertyName("stream_options")]
    public ChatStreamOptions? StreamOptions { get; init; }

    [JsonPropertyName("max_tokens")]
    public int? MaxTokens { get; init; }

    [JsonPropertyName("max_completion_tokens")]
    public int? MaxCompletionTokens { get; init; }

    public double? Temperature { get; init; }

    public long? Seed { get; init; }

    public int? N { get; init; }

    public JsonElement Stop { get; init; }

    [JsonPropertyName("tools")]
    public ChatTool[]? ToolDefinitions { get; init; }

    [JsonPropertyName("tool_choice")]
    public JsonElement ToolChoice { get; init; }

    [JsonPropertyName("parallel_tool_calls")]
    public bool? ParallelToolCalls { get; init; }

    [JsonPropertyName("response_format")]
    public JsonElement ResponseFormat { get; init; }

    [JsonIgnore]
    public int OutputLimit => MaxCompletionTokens ?? MaxTokens ?? DefaultOutputLimit;

    [JsonIgnore]
    public IReadOnlyList<ChatFunction>? Tools => ToolDefinitions is null ? null : [.. ToolDefinitions.Select(tool => tool.Function)];

    [JsonIgnore]
    public string? ToolChoiceMode => ToolChoice.ValueKind is JsonValueKind.String ? ToolChoice.GetString() : null;

    [JsonIgnore]
    public string? ToolChoiceName => ToolChoice.ValueKind is JsonValueKind.Object
        && ToolChoice.TryGetProperty("function", out var function) && function.TryGetProperty("name", out var name) ? name.GetString() : null;

    [JsonIgnore]
    public bool WantsJson => ResponseFormat.ValueKind is JsonValueKind.Object
        && ResponseFormat.TryGetProperty("type", out var type) && type.GetString() is "json_object" or "json_schema";

    [JsonIgnore]
    public IReadOnlyList<string> StopSequences => Stop.ValueKind switch
    {
        JsonValueKind.String => [Stop.GetString()!],
        JsonValueKind.Array => [.. Stop.EnumerateArray().Select(item => item.GetString() ?? "").Where(item => item.Length > 0)],
        _ => [],
    };
}

internal sealed record ChatStreamOptions([property: JsonPropertyName("include_usage")] bool IncludeUsage);

internal sealed record ChatTool(ChatFunction Function);

internal sealed record ChatFunction(string Name, JsonElement Parameters);

/// <summary>A message; its content is text or a list of parts, of which the text ones count.</summary>
internal sealed record ChatMessage(string Role, JsonElement? Content = null)
{
    [JsonIgnore]
    public string Text => Content switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(part =>
            part.ValueKind is JsonValueKind.Object && part.TryGetProperty("text", out var text) ? text.GetString() : "")),
        _ => "",
    };
}
