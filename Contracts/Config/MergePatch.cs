using System.Text.Json.Nodes;

namespace AspireAgent.Contracts.Config;

/// <summary>JSON merge patch, RFC 7396.</summary>
public static class MergePatch
{
    /// <summary>
    /// <paramref name="target"/> changed by <paramref name="patch"/>; both stay as they are. A null member removes, an object
    /// merges, anything else replaces.
    /// </summary>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var merged = target is JsonObject old ? (JsonObject)old.DeepClone() : [];
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                merged.Remove(name);
            }
            else
            {
                merged[name] = Apply(merged[name], change);
            }
        }

        return merged;
    }

    /// <summary>
    /// The one patch that does what <paramref name="first"/> and then <paramref name="second"/> do: as
    /// <see cref="Apply"/>, but the removals of both are kept.
    /// </summary>
    public static JsonObject Compose(JsonObject first, JsonObject second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);

        var composed = (JsonObject)first.DeepClone();
        foreach (var (name, change) in second)
        {
            composed[name] = change is JsonObject inner && composed[name] is JsonObject outer
                ? Compose(outer, inner)
                : change?.DeepClone();
        }

        return composed;
    }
}
