using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Config;

/// <summary>
/// The configuration signal: the layers that everybody needs whole, and of each tenant's layer its revision. The layer itself is
/// read by whoever serves that tenant.
/// </summary>
/// <param name="Global">The global layer.</param>
/// <param name="Groups">Layers of groups, by name.</param>
/// <param name="Releases">All releases that are not deleted, by name.</param>
/// <param name="Tenants">Revisions of the tenants' layers, by name.</param>
public sealed record ConfigLayers(
    LayerVersion Global, IReadOnlyDictionary<string, LayerVersion> Groups, IReadOnlyList<Release> Releases,
    IReadOnlyDictionary<string, long> Tenants)
{
    /// <summary>Before the first write.</summary>
    public static ConfigLayers Empty { get; } = new(
        new LayerVersion(0, []), new Dictionary<string, LayerVersion>(), [], new Dictionary<string, long>());

    /// <summary>The global layer, as it is merged.</summary>
    [JsonIgnore]
    public ConfigLayer GlobalLayer => new(Layer.Global, "", Global.Revision, Global.Document);

    /// <summary>The groups' layers, as they are merged.</summary>
    [JsonIgnore]
    public IEnumerable<ConfigLayer> GroupLayers =>
        Groups.Select(group => new ConfigLayer(Layer.Group, group.Key, group.Value.Revision, group.Value.Document));

    /// <summary>The layers of an audience, the later over the earlier, without a session's own.</summary>
    public IEnumerable<ConfigLayer> For(Audience audience, LayerVersion? tenant)
    {
        ArgumentNullException.ThrowIfNull(audience);
        yield return GlobalLayer;
        foreach (var release in Releases.Where(release => release.AppliesTo(audience.Cohort)))
        {
            yield return release.AsLayer();
        }

        if (audience.Group is { } group && Groups.TryGetValue(group, out var layer))
        {
            yield return new ConfigLayer(Layer.Group, group, layer.Revision, layer.Document);
        }

        if (tenant is { Revision: > 0 })
        {
            yield return new ConfigLayer(Layer.Tenant, audience.Tenant, tenant.Revision, tenant.Document);
        }
    }
}

/// <summary>A layer's document and its revision, which counts the layer's own writes; 0: never written.</summary>
public sealed record LayerVersion(long Revision, JsonObject Document);

/// <summary>For whom a configuration is merged.</summary>
/// <param name="Tenant">The caller's tenant.</param>
/// <param name="Group">The caller's group, by its claim.</param>
/// <param name="Cohort">The releases that the session is in (see <see cref="Config.Cohort"/>).</param>
public sealed record Audience(string Tenant, string? Group = null, string? Cohort = null);

/// <summary>One layer as it is merged.</summary>
public sealed record ConfigLayer(Layer Kind, string Name, long Revision, JsonObject Document)
{
    /// <summary>As in <c>global</c> or <c>tenant/acme</c>.</summary>
    public string Label => Name.Length == 0 ? Kind.ToString().ToLowerInvariant() : $"{Kind.ToString().ToLowerInvariant()}/{Name}";
}
