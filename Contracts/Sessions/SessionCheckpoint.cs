using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// A session's state as it is written at a turn's end, so that the log before it need not be read again: a later pod loads it and
/// replays what follows <see cref="Seq"/>. Never of a running turn.
/// </summary>
public sealed record SessionCheckpoint(long Seq, StoredSession State)
{
    /// <summary>Of a state without a running turn.</summary>
    public static SessionCheckpoint Of(SessionState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new SessionCheckpoint(state.Seq, new StoredSession(
            state.Tenant, state.Tier, state.Subject, state.CreatedAt, state.LastAt, state.Ephemeral, state.Closed, state.Messages, state.Waiting,
            state.ConfigPatch, state.ConfigRevision,
            [.. state.InputOrder.Select(id => new StoredInput(id, state.Inputs[id].Turn, state.Inputs[id].Seq, state.Inputs[id].TextHash))],
            state.Turns, state.Group, state.Cohort, state.Metadata));
    }

    /// <summary>The state again; its fold goes on as if all events had been replayed.</summary>
    public SessionState ToState() => SessionState.Empty with
    {
        Seq = Seq,
        Tenant = State.Tenant,
        Tier = State.Tier,
        Subject = State.Subject,
        Group = State.Group,
        Cohort = State.Cohort,
        Metadata = State.Metadata,
        CreatedAt = State.CreatedAt,
        LastAt = State.LastAt,
        Ephemeral = State.Ephemeral,
        Closed = State.Closed,
        Messages = [.. State.Messages],
        Waiting = [.. State.Waiting],
        ConfigPatch = State.ConfigPatch,
        ConfigRevision = State.ConfigRevision,
        Inputs = State.Inputs.ToImmutableDictionary(
            input => input.Id, input => new KnownInput(input.Turn, input.Seq, input.TextHash), StringComparer.Ordinal),
        InputOrder = [.. State.Inputs.Select(input => input.Id)],
        Turns = [.. State.Turns],
    };
}

/// <summary>What a <see cref="SessionCheckpoint"/> holds of a <see cref="SessionState"/>.</summary>
public sealed record StoredSession(
    string Tenant, string Tier, string Subject, DateTimeOffset CreatedAt, DateTimeOffset LastAt, bool Ephemeral, bool Closed,
    IReadOnlyList<ConversationMessage> Messages, IReadOnlyList<InputAccepted> Waiting, JsonObject ConfigPatch, long ConfigRevision,
    IReadOnlyList<StoredInput> Inputs, IReadOnlyList<long> Turns, string? Group = null, string? Cohort = null,
    JsonObject? Metadata = null);

/// <summary>A <see cref="KnownInput"/> with the client's id of it.</summary>
public sealed record StoredInput(string Id, string Turn, long Seq, string TextHash);
