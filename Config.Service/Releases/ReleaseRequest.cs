using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace AspireAgent.Config.Releases;

/// <summary>What a release is to be.</summary>
internal sealed record ReleaseRequest
{
    /// <summary>What it changes, over the global layer.</summary>
    public required JsonObject Patch { get; init; }

    /// <summary>Share of the sessions, 0 to 100, that enter it when they open.</summary>
    [Range(0.0, 100.0)]
    public required double Percent { get; init; }

    /// <summary>Makes its draw its own; without one the release keeps its own, or gets a random one.</summary>
    [StringLength(64, MinimumLength = 1)]
    public string? Salt { get; init; }
}
