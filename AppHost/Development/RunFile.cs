using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Development;

/// <summary><c>artifacts/run.json</c>: addresses, keys, processes and commands of a running system, for its developer's eyes only.</summary>
internal static class RunFile
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    public static void Write(
        string path, IReadOnlyCollection<ResourceEvent> resources, string? dashboard, IReadOnlyDictionary<string, string> keys) =>
        SecretFile.Write(path, new JsonObject
        {
            ["gateway"] = Urls(resources, "gateway").FirstOrDefault(),
            ["dashboard"] = dashboard,
            ["services"] = ByName(resources, known => [.. known.Snapshot.Urls.Select(url => url.Url)]),
            ["keys"] = new JsonObject(keys.Select(key => KeyValuePair.Create(key.Key, (JsonNode?)key.Value))),
            ["pids"] = ByName(resources, known => Property(known, "executable.pid") is int pid ? [pid] : []),
            ["commands"] = ByName(resources, known =>
            [
                string.Join(' ', [Property(known, "executable.path")?.ToString(), .. Property(known, "executable.args") as IEnumerable<string> ?? []]),
            ]),
        }.ToJsonString(Readable));

    public static void Announce(IReadOnlyCollection<ResourceEvent> resources, string? dashboard, string path)
    {
        Console.WriteLine($"gateway    {Urls(resources, "gateway").FirstOrDefault()}");
        Console.WriteLine($"dashboard  {dashboard ?? "none"}");
        Console.WriteLine($"keys       {path}");
        Console.WriteLine("ready");
    }

    private static IEnumerable<string> Urls(IEnumerable<ResourceEvent> resources, string name) =>
        resources.Where(known => known.Resource.Name == name).OrderBy(known => known.ResourceId, StringComparer.Ordinal).SelectMany(known => known.Snapshot.Urls).Select(url => url.Url);

    private static object? Property(ResourceEvent known, string name) =>
        known.Snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value;

    private static JsonObject ByName(IEnumerable<ResourceEvent> resources, Func<ResourceEvent, JsonArray> values)
    {
        var byName = new JsonObject();
        foreach (var group in resources.OrderBy(known => known.ResourceId, StringComparer.Ordinal).GroupBy(known => known.Resource.Name))
        {
            byName[group.Key] = new JsonArray([.. group.SelectMany(values).Select(value => value?.DeepClone())]);
        }

        return byName;
    }
}
