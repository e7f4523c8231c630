using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;

namespace AspireAgent.Config.Sources;

/// <summary>What a source says of a layer: the whole document.</summary>
/// <param name="Scope">The layer.</param>
/// <param name="Document">What it is to be.</param>
/// <param name="Origin">Where it comes from, for the audit: as in <c>file:/etc/agent/global.json</c>.</param>
internal sealed record LayerChange(Scope Scope, JsonObject Document, string Origin);

/// <summary>
/// Something that feeds a layer from outside: a file today; etcd, Consul or a table of profiles are others. Redis stays the system of
/// record: a source is copied into it, checked like every write.
/// </summary>
internal interface ILayerSource
{
    /// <summary>The layer that it feeds, which the API then cannot write.</summary>
    Scope Scope { get; }

    /// <summary>Where it comes from.</summary>
    string Origin { get; }

    /// <summary>The document, and each change of it. It does not end while the source can be asked again.</summary>
    IObservable<LayerChange> Changes { get; }
}

/// <summary>The layers that some source feeds.</summary>
internal sealed class LayerFeeds(IEnumerable<ILayerSource> sources)
{
    private readonly Dictionary<Scope, string> _origins = sources.ToDictionary(source => source.Scope, source => source.Origin);

    /// <summary>What feeds it; null: nothing, it is written by the API.</summary>
    public string? OriginOf(Scope scope) => _origins.GetValueOrDefault(scope);
}
