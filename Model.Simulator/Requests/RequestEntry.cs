using System.Text.Json.Serialization;
using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Keys;

namespace AspireAgent.Simulator.Requests;

/// <summary>One request as the vendor saw it.</summary>
internal sealed record RequestEntry(string Id, string Model, bool Stream, IReadOnlyList<ChatMessage> Messages, DateTimeOffset StartedAt)
{
    public RequestState State { get; init; } = RequestState.Running;

    public string Path { get; init; } = "";

    /// <summary>The key that it came with, by its place among the keys; null: none was needed.</summary>
    public int? Key { get; init; }

    /// <summary>Tokens sent so far.</summary>
    public int OutputTokens { get; init; }

    public int InputTokens { get; init; }

    public double? Temperature { get; init; }

    public int? MaxTokens { get; init; }

    public DateTimeOffset? FirstTokenAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When the caller's closed connection was noticed.</summary>
    public DateTimeOffset? CancelledAt { get; init; }

    /// <summary>With what the connection says of the caller.</summary>
    public RequestEntry From(HttpContext context) =>
        this with { Path = context.Request.Path, Key = context.Features.Get<CallerKey>()?.Index };
}

[JsonConverter(typeof(JsonStringEnumConverter<RequestState>))]
internal enum RequestState
{
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("completed")] Completed,
    [JsonStringEnumMemberName("cancelled")] Cancelled,
    [JsonStringEnumMemberName("faulted")] Faulted,
}
