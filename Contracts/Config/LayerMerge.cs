using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Contracts.Config;

/// <summary>A merged configuration, and where each of its values comes from.</summary>
/// <param name="Config">The values, bound.</param>
/// <param name="Document">Those that some layer set, as JSON.</param>
/// <param name="Provenance">The layer of every property, by path; <c>defaults</c> where none set it. Entries of maps are named one by one.</param>
/// <param name="Revisions">Revisions of the layers that took part, by label.</param>
public sealed record EffectiveConfig(
    AgentConfig Config, JsonObject Document, IReadOnlyDictionary<string, string> Provenance, IReadOnlyDictionary<string, long> Revisions);

/// <summary>Merges layers, each a JSON merge patch (RFC 7396) over those before it.</summary>
public static class LayerMerge
{
    /// <summary>
    /// The configuration that the layers make, given from the first to the last. A value that its layer may not set, that would
    /// loosen a limit of a layer above, or that cannot be read here, is passed over: a layer is checked when it is written, but those
    /// above it may change later, and whoever checked it may be newer than whoever merges it.
    /// </summary>
    public static EffectiveConfig Merge(IReadOnlyList<ConfigLayer> layers)
    {
        try
        {
            return Merge(layers, (_, _) => true);
        }
        catch (JsonException)
        {
            return Merge(layers, (property, value) => !LayerRules.Check(property, value).Any());
        }
    }

    private static EffectiveConfig Merge(IReadOnlyList<ConfigLayer> layers, Func<ConfigProperty, JsonNode?, bool> isReadable)
    {
        var document = new JsonObject();
        var provenance = ConfigProperties.All.ToDictionary(property => property.Path, _ => Label(Layer.Defaults), StringComparer.Ordinal);
        var revisions = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            revisions[layer.Label] = layer.Revision;
            foreach (var (property, value) in Values(layer.Document))
            {
                if (layer.Kind <= property.UpTo && !Loosens(property, value, layer.Kind, document) && isReadable(property, value))
                {
                    Set(document, property, value);
                    Tell(provenance, property, value, layer.Label);
                }
            }
        }

        return new EffectiveConfig(AgentConfig.Bind(document), document, provenance, revisions);
    }

    /// <summary>The properties that a document sets, with their values; what is no property is left out.</summary>
    public static IEnumerable<(ConfigProperty Property, JsonNode? Value)> Values(JsonObject document) => Values(document, "");

    /// <summary>The value of a property in a document, else its default.</summary>
    public static JsonNode? ValueOf(JsonObject document, ConfigProperty property)
    {
        ArgumentNullException.ThrowIfNull(property);
        JsonNode? node = document;
        foreach (var name in property.Path.Split('.'))
        {
            if (node is not JsonObject section || !section.TryGetPropertyValue(name, out node))
            {
                return property.Default;
            }
        }

        return node ?? property.Default;
    }

    /// <summary>
    /// Whether <paramref name="value"/> is looser than what holds above of a limit. Global layer and releases are free: they are
    /// the operator's own word on the whole system.
    /// </summary>
    internal static bool Loosens(ConfigProperty property, JsonNode? value, Layer layer, JsonObject above) =>
        layer > Layer.Release && property.Limit is { } limit
        && limit.IsLooser(Number(value ?? property.Default), Number(ValueOf(above, property)));

    // By its text, since a node made from an int is none of a double.
    private static double? Number(JsonNode? value) =>
        value?.GetValueKind() is JsonValueKind.Number ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture) : null;

    private static IEnumerable<(ConfigProperty Property, JsonNode? Value)> Values(JsonObject section, string prefix)
    {
        foreach (var (name, value) in section)
        {
            var path = prefix + name;
            if (name.Contains('.', StringComparison.Ordinal))
            {
                continue; // a path, and not a name
            }

            if (ConfigProperties.Find(path) is { } property)
            {
                yield return (property, value);
            }
            else if (value is JsonObject inner && ConfigProperties.IsSection(path))
            {
                foreach (var found in Values(inner, $"{path}."))
                {
                    yield return found;
                }
            }
        }
    }

    // Null takes away what is below, so that the default holds.
    private static void Set(JsonObject document, ConfigProperty property, JsonNode? value)
    {
        var names = property.Path.Split('.');
        var section = document;
        foreach (var name in names[..^1])
        {
            if (section[name] is not JsonObject inner)
            {
                section[name] = inner = [];
            }

            section = inner;
        }

        if (value is null)
        {
            section.Remove(names[^1]);
        }
        else
        {
            section[names[^1]] = property.IsMap ? MergePatch.Apply(section[names[^1]], value) : value.DeepClone();
        }
    }

    private static void Tell(Dictionary<string, string> provenance, ConfigProperty property, JsonNode? value, string label)
    {
        if (value is not JsonObject entries || !property.IsMap)
        {
            provenance[property.Path] = label;
            foreach (var gone in provenance.Keys.Where(path => path.StartsWith(property.Path + ".", StringComparison.Ordinal)).ToList())
            {
                provenance.Remove(gone);
            }

            return;
        }

        provenance[property.Path] = label;
        foreach (var (name, entry) in entries)
        {
            if (entry is null)
            {
                provenance.Remove($"{property.Path}.{name}");
            }
            else
            {
                provenance[$"{property.Path}.{name}"] = label;
            }
        }
    }

    private static string Label(Layer layer) => layer.ToString().ToLowerInvariant();
}
