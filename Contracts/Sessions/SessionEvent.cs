using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// One event of a session's log. Everything a client is told is one of these; a session's state is their fold
/// (<see cref="SessionState"/>). One of a type that this version does not know is read as no more than this: old and new pods may
/// run side by side, and the old ones let pass what they cannot fold.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", IgnoreUnrecognizedTypeDiscriminators = true)]
[JsonDerivedType(typeof(SessionOpened), "session.opened")]
[JsonDerivedType(typeof(SessionClosed), "session.closed")]
[JsonDerivedType(typeof(ConfigChanged), "config.changed")]
[JsonDerivedType(typeof(InputAccepted), "input.accepted")]
[JsonDerivedType(typeof(TurnStarted), "turn.started")]
[JsonDerivedType(typeof(ContextTrimmed), "context.trimmed")]
[JsonDerivedType(typeof(TokenProduced), "token")]
[JsonDerivedType(typeof(ToolCalled), "tool.called")]
[JsonDerivedType(typeof(ToolReturned), "tool.returned")]
[JsonDerivedType(typeof(ModelSwitched), "model.switched")]
[JsonDerivedType(typeof(SessionMoved), "session.moved")]
[JsonDerivedType(typeof(GuardTripped), "guard.tripped")]
[JsonDerivedType(typeof(TurnCompleted), "turn.completed")]
[JsonDerivedType(typeof(TurnCancelled), "turn.cancelled")]
[JsonDerivedType(typeof(TurnFailed), "turn.failed")]
public record SessionEvent
{
    /// <summary>Place in the log; the first is 1. The log's writer assigns it.</summary>
    [JsonPropertyOrder(-3)]
    public long Seq { get; init; }

    /// <summary>The turn it belongs to, where it belongs to one.</summary>
    [JsonPropertyOrder(-2)]
    public string? Turn { get; init; }

    /// <summary>When the owner wrote it, by the owner's clock.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset At { get; init; }

    /// <summary>Whether it ends its turn.</summary>
    [JsonIgnore]
    public bool EndsTurn => this is TurnCompleted or TurnCancelled or TurnFailed;
}
