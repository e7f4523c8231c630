using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Config;

/// <summary>A patch for a share of the sessions.</summary>
/// <param name="Name">Its name, and the label of its cohort.</param>
/// <param name="Revision">Counts its own writes.</param>
/// <param name="Patch">What it changes, over the global layer.</param>
/// <param name="Percent">Share of the sessions, 0 to 100, that enter it when they open.</param>
/// <param name="Salt">Makes its draw its own.</param>
/// <param name="State">Where it stands.</param>
/// <param name="StartedAt">When it first ran; null: never yet.</param>
public sealed record Release(
    string Name, long Revision, JsonObject Patch, double Percent, string Salt, ReleaseState State, DateTimeOffset? StartedAt = null)
{
    /// <summary>Whether some session may live by its patch.</summary>
    [JsonIgnore]
    public bool IsActive => State is ReleaseState.Running || (State is ReleaseState.Paused && StartedAt is not null);

    /// <summary>The patch, as it is merged.</summary>
    public ConfigLayer AsLayer() => new(Layer.Release, Name, Revision, Patch);

    /// <summary>Whether the patch holds for sessions with this label.</summary>
    public bool AppliesTo(string? cohort) => IsActive && Cohort.Contains(cohort, Name);
}

[JsonConverter(typeof(JsonStringEnumConverter<ReleaseState>))]
public enum ReleaseState
{
    /// <summary>No new session enters; those that are in it stay.</summary>
    [JsonStringEnumMemberName("paused")] Paused,

    /// <summary>New sessions enter by its percent.</summary>
    [JsonStringEnumMemberName("running")] Running,

    /// <summary>Its patch has become part of the global layer.</summary>
    [JsonStringEnumMemberName("promoted")] Promoted,

    /// <summary>Its patch holds for nobody any more; sessions keep the label.</summary>
    [JsonStringEnumMemberName("rolled-back")] RolledBack,
}
