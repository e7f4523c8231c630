using System.Text.Json.Nodes;
using AspireAgent.Config.Sources;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Layers;

/// <summary>Who writes, and why.</summary>
internal sealed record Author(string Name, string? Why = null);

/// <summary>Writes layers: checks what they say, and that nobody else wrote since the caller read.</summary>
internal sealed class LayerWriter(ConfigStore store, LayerFeeds feeds, TimeProvider time)
{
    /// <summary>Replaces the whole document.</summary>
    public Task<WriteOutcome> PutAsync(Scope scope, long expected, JsonObject document, Author author, CancellationToken cancellationToken) =>
        WriteAsync(scope, expected, "put", author, _ => Task.FromResult<JsonObject?>(document), cancellationToken);

    /// <summary>Merges a change into the document (RFC 7396).</summary>
    public Task<WriteOutcome> PatchAsync(Scope scope, long expected, JsonObject patch, Author author, CancellationToken cancellationToken) =>
        WriteAsync(
            scope, expected, "patch", author, now => Task.FromResult((JsonObject?)MergePatch.Apply(now.Document, patch)), cancellationToken);

    /// <summary>Writes the document of an older revision as a new one.</summary>
    public Task<WriteOutcome> RollbackAsync(Scope scope, long expected, long to, Author author, CancellationToken cancellationToken) =>
        WriteAsync(
            scope, expected, "rollback", author, async _ => (await store.ReadRevisionAsync(scope, to))?.Document, cancellationToken);

    /// <summary>Writes what a source says, whatever was there before; the same as before is not written again.</summary>
    public Task<WriteOutcome> FeedAsync(LayerChange change, CancellationToken cancellationToken) =>
        store.WriteAsync<WriteOutcome>(
            async layers =>
            {
                var now = await ReadAsync(layers, change.Scope);
                return JsonNode.DeepEquals(now.Document, change.Document)
                    ? (null, new WriteOutcome.Written(now))
                    : Decide(layers, change.Scope, now, change.Document, "source", new Author(change.Origin));
            },
            cancellationToken);

    private Task<WriteOutcome> WriteAsync(
        Scope scope, long expected, string action, Author author, Func<LayerVersion, Task<JsonObject?>> change,
        CancellationToken cancellationToken) =>
        store.WriteAsync<WriteOutcome>(
            async layers =>
            {
                if (feeds.OriginOf(scope) is { } origin)
                {
                    return (null, new WriteOutcome.Fed(origin));
                }

                var now = await ReadAsync(layers, scope);
                return now.Revision != expected ? (null, new WriteOutcome.Stale(now.Revision))
                    : await change(now) is { } document ? Decide(layers, scope, now, document, action, author)
                    : (null, new WriteOutcome.NoSuchRevision());
            },
            cancellationToken);

    private async Task<LayerVersion> ReadAsync(ConfigLayers layers, Scope scope) => scope.Kind switch
    {
        Layer.Global => layers.Global,
        Layer.Group => layers.Groups.GetValueOrDefault(scope.Name) ?? new LayerVersion(0, []),
        _ => await store.ReadLayerAsync(scope),
    };

    private (ConfigChange? Change, WriteOutcome Outcome) Decide(
        ConfigLayers layers, Scope scope, LayerVersion now, JsonObject document, string action, Author author)
    {
        var next = new LayerVersion(now.Revision + 1, document);
        if (LayerChecks.Check(layers, new ConfigLayer(scope.Kind, scope.Name, next.Revision, document)) is { } refused)
        {
            return (null, refused);
        }

        var at = time.GetUtcNow();
        return (
            new ConfigChange(
                With(layers, scope, next),
                [(scope, new LayerRecord(next.Revision, document, at, author.Name, action, author.Why))],
                [new AuditRecord(at, author.Name, action, $"{scope}", next.Revision, 0, author.Why)]),
            new WriteOutcome.Written(next));
    }

    private static ConfigLayers With(ConfigLayers layers, Scope scope, LayerVersion next) => scope.Kind switch
    {
        Layer.Global => layers with { Global = next },
        Layer.Group => layers with { Groups = new Dictionary<string, LayerVersion>(layers.Groups) { [scope.Name] = next } },
        _ => layers with { Tenants = new Dictionary<string, long>(layers.Tenants) { [scope.Name] = next.Revision } },
    };
}
