using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Layers;

/// <summary>What became of a write.</summary>
internal abstract record WriteOutcome
{
    /// <summary>It is stored, and on its way to every pod.</summary>
    public sealed record Written(LayerVersion Layer) : WriteOutcome;

    /// <summary>The layer has changed since: it stands at <paramref name="Revision"/>.</summary>
    public sealed record Stale(long Revision) : WriteOutcome;

    /// <summary>This layer may not set these.</summary>
    public sealed record Forbidden(IReadOnlyList<string> Properties) : WriteOutcome;

    /// <summary>Everything that is wrong with it, by property.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : WriteOutcome;

    /// <summary>A source feeds this layer: it is changed there.</summary>
    public sealed record Fed(string Origin) : WriteOutcome;

    /// <summary>There is no such revision to go back to.</summary>
    public sealed record NoSuchRevision : WriteOutcome;
}
