using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// The first event of a log. <see cref="History"/> is what a completion call brought along; <see cref="Ephemeral"/> says that the
/// session serves that call alone and is soon forgotten.
/// </summary>
public sealed record SessionOpened(
    string Tenant, string Tier, string Subject, string? Cohort = null,
    JsonObject? Metadata = null, IReadOnlyList<ConversationMessage>? History = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Ephemeral = false,
    string? Group = null) : SessionEvent;

/// <summary>The last event of a log.</summary>
public sealed record SessionClosed(string Reason) : SessionEvent;

/// <summary>The session layer of the configuration changed; <see cref="Patch"/> is an RFC 7396 merge patch.</summary>
public sealed record ConfigChanged(JsonObject Patch, long Revision) : SessionEvent;

/// <summary>An input is saved and will be answered by the event's turn. <see cref="Id"/> is the client's.</summary>
public sealed record InputAccepted(string Id, string Text, InputOptions? Options = null) : SessionEvent;

/// <summary>A turn begins, on this snapshot of the configuration and, at first, by this route.</summary>
public sealed record TurnStarted(string Input, IReadOnlyDictionary<string, long> Revisions, string? Route = null) : SessionEvent;

/// <summary>The oldest turns did not fit the model's window and were left out of the prompt.</summary>
public sealed record ContextTrimmed(int DroppedTurns) : SessionEvent;

/// <summary>
/// A piece of the answer. The turn's first one names the build that speaks. Where a slow client is told many as one, <see cref="From"/>
/// is the seq of the first of them; the log has each.
/// </summary>
public sealed record TokenProduced(string Text, string? Fingerprint = null, BuildId? BuildId = null, long? From = null) : SessionEvent;

/// <summary>
/// Another call of a model goes on with the turn. <see cref="SwitchedHow.Continuation"/> goes on where the committed words end;
/// <see cref="SwitchedHow.Restart"/> takes back what the turn's present step has said: discard what came since the turn's last
/// <see cref="ToolReturned"/>, or since it began. What a tool has done is not undone.
/// </summary>
/// <param name="From">The route that spoke.</param>
/// <param name="To">The route that speaks from now on; it may be the same.</param>
/// <param name="Why">A stable slug, such as <c>crash</c> or <c>drain</c> (see <see cref="SessionMoved"/>).</param>
/// <param name="How">What becomes of what was said.</param>
public sealed record ModelSwitched(string From, string To, string Why, SwitchedHow How) : SessionEvent;

/// <summary>
/// Another pod goes on with the session. <see cref="Why"/>: <c>crash</c> (the owner's heartbeat is gone), <c>unreachable</c> (a
/// gateway could not reach it), <c>drain</c> (it handed the session over) or <c>store</c> (the log is not as it left it).
/// </summary>
public sealed record SessionMoved(string Why) : SessionEvent
{
    /// <summary>The owner's heartbeat is gone.</summary>
    public const string Crash = "crash";

    /// <summary>A gateway could not reach the owner.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The owner handed the session over.</summary>
    public const string Drain = "drain";

    /// <summary>The log is not as its owner left it, or could not be written.</summary>
    public const string Store = "store";
}

/// <summary>A guard acted on the answer: <c>cut</c>, <c>warn</c> or <c>switch</c>.</summary>
public sealed record GuardTripped(string Guard, string Action, string Detail) : SessionEvent;

/// <summary>The answer is whole. Times are those of the owning pod's clock.</summary>
/// <param name="Finish">stop, length, tool_calls or content_filter.</param>
/// <param name="Usage">Tokens, as the model counts.</param>
/// <param name="Seconds">From the complete input to the end.</param>
/// <param name="TtftSeconds">From the complete input to the release of the first saved token; null without a token.</param>
/// <param name="Fingerprint">Hash of the <see cref="BuildId"/> that answered.</param>
public sealed record TurnCompleted(
    string Finish, TokenUsage Usage, double Seconds, double? TtftSeconds = null, string? Fingerprint = null) : SessionEvent;

/// <summary>Somebody ended the turn early. What was said stays in the conversation.</summary>
public sealed record TurnCancelled(CancelledBy By) : SessionEvent;

/// <summary>The turn ended without a whole answer.</summary>
/// <param name="Error">A stable slug, never an exception's text.</param>
/// <param name="Retriable">Whether the same input may fare better another time.</param>
/// <param name="RetryAfterSeconds">When it may, where that is known: from the event on.</param>
public sealed record TurnFailed(string Error, bool Retriable, double? RetryAfterSeconds = null) : SessionEvent;

/// <summary>Tokens of one turn, as counted by the model's endpoint.</summary>
public sealed record TokenUsage(long Input, long Output);

/// <summary>What becomes of a turn's words when another call of a model goes on with it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SwitchedHow>))]
public enum SwitchedHow
{
    /// <summary>The next model, before anything was said.</summary>
    [JsonStringEnumMemberName("fallback")] Fallback,

    /// <summary>The faster of two, before anything was said.</summary>
    [JsonStringEnumMemberName("hedge")] Hedge,

    /// <summary>It goes on where the committed words end.</summary>
    [JsonStringEnumMemberName("continuation")] Continuation,

    /// <summary>Its present step begins anew: discard what that has said.</summary>
    [JsonStringEnumMemberName("restart")] Restart,
}

[JsonConverter(typeof(JsonStringEnumConverter<CancelledBy>))]
public enum CancelledBy
{
    [JsonStringEnumMemberName("user")] User,
    [JsonStringEnumMemberName("interrupt")] Interrupt,
    [JsonStringEnumMemberName("disconnect")] Disconnect,
    [JsonStringEnumMemberName("drain")] Drain,
}

/// <summary>What one call may set for its own turn alone: the sampling parameters of the OpenAI surface.</summary>
public sealed record InputOptions
{
    public string? Model { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? MaxOutputTokens { get; init; }

    public long? Seed { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>The caller's own tools, in OpenAI's form; their calls are handed to the caller.</summary>
    public JsonElement? Tools { get; init; }

    public JsonElement? ToolChoice { get; init; }

    public JsonElement? ResponseFormat { get; init; }
}
