using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Contracts.Config;

/// <summary>What a layer's document may say.</summary>
public static class LayerRules
{
    // Far more than any property needs, far less than JSON readers bear.
    private const int MostDepth = 16;

    /// <summary>The properties in the document that this kind of layer may not set.</summary>
    public static IReadOnlyList<string> Forbidden(JsonObject document, Layer layer) =>
        [.. LayerMerge.Values(document).Where(found => layer > found.Property.UpTo).Select(found => found.Property.Path)];

    /// <summary>The limits in the document that are looser than what the layers above it say.</summary>
    public static IReadOnlyList<string> Loosened(JsonObject document, Layer layer, JsonObject above) =>
        [.. LayerMerge.Values(document).Where(found => LayerMerge.Loosens(found.Property, found.Value, layer, above)).Select(found => found.Property.Path)];

    /// <summary>All that is wrong with a document by itself, by path: unknown names, types, bounds; empty: nothing.</summary>
    public static IReadOnlyDictionary<string, string[]> Errors(JsonObject document)
    {
        var errors = new List<(string Path, string Error)>();
        if (DepthOf(document) > MostDepth)
        {
            errors.Add(("", $"A layer is at most {MostDepth} objects deep."));
        }
        else
        {
            Check(document, "", errors);
        }

        return Group(errors);
    }

    /// <summary>All that is wrong with a merged configuration although each of its layers is right by itself.</summary>
    public static IReadOnlyDictionary<string, string[]> Errors(EffectiveConfig merged)
    {
        ArgumentNullException.ThrowIfNull(merged);
        var turn = merged.Config.Turn;
        var errors = PromptTemplate.VariablesOf(turn.SystemPrompt)
            .Where(name => !turn.PromptVariables.ContainsKey(name))
            .Select(name => ("systemPrompt", $"The variable '{name}' has no value in promptVariables."))
            .ToList();
        if (turn.MaxOutputTokens >= turn.ContextTokens)
        {
            errors.Add(("maxOutputTokens", "The cap of an answer must be below contextTokens, the window that it is part of."));
        }

        errors.AddRange(ConfigProperties.All.Where(property => property.IsMap)
            .SelectMany(property => Check(property, LayerMerge.ValueOf(merged.Document, property)).Select(error => (property.Path, error))));
        return Group(errors);
    }

    private static void Check(JsonObject section, string prefix, List<(string Path, string Error)> errors)
    {
        foreach (var (name, value) in section)
        {
            var path = prefix + name;
            if (!name.Contains('.', StringComparison.Ordinal) && ConfigProperties.Find(path) is { } property)
            {
                errors.AddRange(Check(property, value).Select(error => (path, error)));
            }
            else if (name.Contains('.', StringComparison.Ordinal) || !ConfigProperties.IsSection(path))
            {
                errors.Add((path, "There is no such property."));
            }
            else if (value is JsonObject inner)
            {
                Check(inner, $"{path}.", errors);
            }
            else
            {
                errors.Add((path, "An object is expected."));
            }
        }
    }

    // Null is right everywhere: it takes away what is below.
    internal static IEnumerable<string> Check(ConfigProperty property, JsonNode? value)
    {
        if (value is null)
        {
            return [];
        }

        object? bound;
        try
        {
            var given = property.IsMap ? MergePatch.Apply(new JsonObject(), value) : value;
            bound = given.Deserialize(WireJson.Types.GetTypeInfo(property.Type)!);
        }
        catch (JsonException)
        {
            return [$"{Expected(property.Type)} is expected."];
        }

        if (bound is JsonObject variant && property.Path == "shadow.variant")
        {
            return variant.ContainsKey("shadow") ? ["A shadow has no shadow."]
                : Errors(variant).SelectMany(inner => inner.Value.Select(error => $"{inner.Key}: {error}"));
        }

        // The reader lets numbers and lists of names pass for an enum.
        if (bound is Enum && !JsonNode.DeepEquals(JsonSerializer.SerializeToNode(bound, WireJson.Types.GetTypeInfo(bound.GetType())!), value))
        {
            return [$"{Expected(property.Type)} is expected."];
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateValue(bound!, new ValidationContext(property) { MemberName = property.Path }, results, property.Rules);
        return results.Select(result => result.ErrorMessage ?? "It is not valid.");
    }

    private static string Expected(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        { IsEnum: true } kind => $"One of {string.Join(", ", kind.GetEnumValues().Cast<object>().Select(one => JsonSerializer.Serialize(one, WireJson.Types.GetTypeInfo(kind)!)))}",
        var kind when kind == typeof(string) => "A text",
        var kind when kind == typeof(bool) => "true or false",
        var kind when kind == typeof(int) => "A whole number",
        var kind when kind == typeof(double) => "A number",
        _ => "An object",
    };

    private static int DepthOf(JsonNode? node) => node switch
    {
        JsonObject members => 1 + members.Select(member => DepthOf(member.Value)).DefaultIfEmpty(0).Max(),
        JsonArray items => 1 + items.Select(DepthOf).DefaultIfEmpty(0).Max(),
        _ => 0,
    };

    private static Dictionary<string, string[]> Group(IEnumerable<(string Path, string Error)> errors) => errors
        .GroupBy(error => error.Path, error => error.Error, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
}
