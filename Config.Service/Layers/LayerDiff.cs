using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Layers;

/// <summary>What differs between two documents, property by property.</summary>
internal static class LayerDiff
{
    /// <summary>An array of <c>{path, from, to}</c>; what a side does not set is left out there.</summary>
    public static JsonArray Of(JsonObject before, JsonObject after)
    {
        var (old, now) = (Values(before), Values(after));
        return new JsonArray([.. old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Where(path => !(old.ContainsKey(path) && now.ContainsKey(path) && JsonNode.DeepEquals(old[path], now[path])))
            .Select(path =>
            {
                var change = new JsonObject { ["path"] = path };
                if (old.TryGetValue(path, out var from))
                {
                    change["from"] = from?.DeepClone();
                }

                if (now.TryGetValue(path, out var to))
                {
                    change["to"] = to?.DeepClone();
                }

                return change;
            })]);
    }

    private static Dictionary<string, JsonNode?> Values(JsonObject document) =>
        LayerMerge.Values(document).ToDictionary(found => found.Property.Path, found => found.Value, StringComparer.Ordinal);
}
