using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace AspireAgent.Contracts.Sessions;

/// <summary>Headers between gateway and pod.</summary>
public static class SessionHeaders
{
    /// <summary>Fencing token of an owner that the gateway could not reach: the pod may take the session from it.</summary>
    public const string UnreachableOwner = "x-unreachable-owner";
}

/// <summary>Opens a session. The last four are the gateway's alone; a client that sends them is refused.</summary>
public sealed record OpenSessionRequest
{
    /// <summary>Free to the caller; kept with the session.</summary>
    public JsonObject? Metadata { get; init; }

    /// <summary>First session layer of the configuration: a merge patch.</summary>
    public JsonObject? Config { get; init; }

    /// <summary>The id that the gateway gave.</summary>
    public string? Id { get; init; }

    /// <summary>Messages said before, from a completion call.</summary>
    public IReadOnlyList<ConversationMessage>? History { get; init; }

    /// <summary>A first input, accepted in the same breath.</summary>
    public InputRequest? Input { get; init; }

    /// <summary>Whether it serves one completion call and is soon forgotten.</summary>
    public bool Ephemeral { get; init; }
}

/// <summary>An input. The client's id makes a repeat safe.</summary>
public sealed record InputRequest
{
    [Required, StringLength(128, MinimumLength = 1)]
    public string Id { get; init; } = "";

    [StringLength(262_144)]
    public required string Text { get; init; }

    /// <summary>For this turn alone; the gateway's, from a completion call.</summary>
    public InputOptions? Options { get; init; }
}

/// <summary>The answer to an accepted input: its turn, and the seq of <c>input.accepted</c>.</summary>
public sealed record InputReceipt(string Turn, long Seq);

/// <summary>The answer to an opened session.</summary>
public sealed record SessionCreated(string Id, DateTimeOffset CreatedAt, string? Cohort = null, InputReceipt? Input = null);

/// <summary>A session as its owner sees it.</summary>
public sealed record SessionInfo(
    string Id, SessionOwner Owner, long Seq, string Tenant, DateTimeOffset CreatedAt, bool Closed, string? Turn = null, string? Cohort = null,
    System.Text.Json.Nodes.JsonObject? Metadata = null);

/// <summary>Who extends the log, and by which fencing epoch.</summary>
public sealed record SessionOwner(string Pod, long Epoch);

/// <summary>What a client gets that cannot resume from its cursor: the conversation as it stands after <see cref="Seq"/>.</summary>
/// <param name="Seq">Of the last event that is in it.</param>
/// <param name="Messages">What was said before the running turn.</param>
/// <param name="PartialText">What the running turn's present step has said.</param>
/// <param name="Closed">Whether the session is over.</param>
/// <param name="Turn">The running turn.</param>
/// <param name="Steps">What the running turn has said and done before <paramref name="PartialText"/>; null: nothing.</param>
public sealed record SessionSnapshot(
    long Seq, IReadOnlyList<ConversationMessage> Messages, string PartialText, bool Closed, string? Turn = null,
    IReadOnlyList<ConversationMessage>? Steps = null);

/// <summary>The models that a caller may name, in OpenAI's form.</summary>
public sealed record ModelList(string Object, IReadOnlyList<ModelListItem> Data);

/// <summary>One model; <paramref name="Created"/> in seconds since 1970.</summary>
public sealed record ModelListItem(
    string Id, string Object, long Created,
    [property: System.Text.Json.Serialization.JsonPropertyName("owned_by")] string OwnedBy);
