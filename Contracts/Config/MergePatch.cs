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
}
