using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Releases;

/// <summary>What became of a change of a release.</summary>
internal abstract record ReleaseOutcome
{
    /// <summary>It is stored, and on its way to every pod.</summary>
    public sealed record Changed(Release Release) : ReleaseOutcome;

    /// <summary>It is gone.</summary>
    public sealed record Deleted : ReleaseOutcome;

    /// <summary>There is no such release.</summary>
    public sealed record Unknown : ReleaseOutcome;

    /// <summary>It has changed since: it stands at <paramref name="Revision"/>.</summary>
    public sealed record Stale(long Revision) : ReleaseOutcome;

    /// <summary>From where it stands there is no such step.</summary>
    public sealed record Impossible(ReleaseState State) : ReleaseOutcome;

    /// <summary>Another release that may hold for some session touches the same properties.</summary>
    public sealed record Overlaps(string Other, IReadOnlyList<string> Properties) : ReleaseOutcome;

    /// <summary>Its patch may not stand over the global layer, or not become part of it.</summary>
    public sealed record Refused(Layers.WriteOutcome Reason) : ReleaseOutcome;
}
