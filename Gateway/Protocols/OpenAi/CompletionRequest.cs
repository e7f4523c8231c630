using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>
/// A request of OpenAI's chat completions API, as its clients send it: members that we do not know are let pass, for clients are
/// newer than we are.
/// </summary>
internal sealed record CompletionRequest
{
    /// <summary>How the body is read: snake case, unknown members ignored.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
    };

    public string? Model { get; init; }

    public IReadOnlyList<CompletionMessage>? Messages { get; init; }

    public bool? Stream { get; init; }

    public CompletionStreamOptions? StreamOptions { get; init; }

    public int? N { get; init; }

    public bool? Logprobs { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? MaxTokens { get; init; }

    public int? MaxCompletionTokens { get; init; }

    public long? Seed { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    /// <summary>A text or a list of up to four.</summary>
    public JsonElement? Stop { get; init; }

    public IReadOnlyList<CompletionTool>? Tools { get; init; }

    public JsonElement? ToolChoice { get; init; }

    public JsonElement? ResponseFormat { get; init; }

    /// <summary>The end user, under its older name.</summary>
    public string? User { get; init; }

    /// <summary>The end user.</summary>
    public string? SafetyIdentifier { get; init; }
}

internal sealed record CompletionStreamOptions(bool? IncludeUsage);

internal sealed record CompletionTool(string? Type, CompletionFunction? Function);

internal sealed record CompletionFunction(string? Name, string? Description, JsonElement? Parameters);

/// <summary>A message; content is a text, null, or a list of parts.</summary>
internal sealed record CompletionMessage(
    string? Role, JsonElement? Content = null, IReadOnlyList<CompletionToolCall>? ToolCalls = null, string? ToolCallId = null);

internal sealed record CompletionToolCall(string? Id, CompletionFunctionCall? Function);

internal sealed record CompletionFunctionCall(string? Name, string? Arguments);
