using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Config.Layers;

/// <summary>A change of the store: the signal's next value, and what its histories are to say.</summary>
/// <param name="Next">What is published from then on.</param>
/// <param name="Records">New revisions of layers, by scope.</param>
/// <param name="Audit">Who, what, why; the store adds its own revision.</param>
internal sealed record ConfigChange(
    ConfigLayers Next, IReadOnlyList<(Scope Scope, LayerRecord Record)> Records, IReadOnlyList<AuditRecord> Audit);

/// <summary>
/// The configuration in Redis. Each write is one script that compares the store's revision: histories, audit and signal change
/// together, and two instances of the service cannot overtake each other.
/// </summary>
internal sealed class ConfigStore(
    IConnectionMultiplexer redis, SignalSnapshots<ConfigLayers> snapshots, IOptions<ConfigOptions> options) : IDisposable
{
    // Writers of this instance queue here instead of losing to each other in Redis.
    private readonly SemaphoreSlim _writer = new(1);

    /// <summary>Where the store stands; revision 0: nothing was ever written.</summary>
    public async Task<SignalValue<ConfigLayers>> ReadAsync() =>
        await snapshots.ReadAsync() ?? new SignalValue<ConfigLayers>(0, ConfigLayers.Empty);

    /// <summary>
    /// Writes what <paramref name="decide"/> makes of the store as it stands; it is asked again when another instance was faster.
    /// Without a change nothing is written.
    /// </summary>
    public async Task<T> WriteAsync<T>(
        Func<ConfigLayers, Task<(ConfigChange? Change, T Outcome)>> decide, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var now = await ReadAsync();
                var (change, outcome) = await decide(now.Value);
                if (change is null || await TryCommitAsync(now.Revision, change))
                {
                    return outcome;
                }
            }
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>The newest revision of a layer; one that was never written is empty, with revision 0.</summary>
    public async Task<LayerVersion> ReadLayerAsync(Scope scope)
    {
        var newest = await redis.GetDatabase().ListGetByIndexAsync(ConfigKeys.Layer($"{scope}"), -1);
        return newest.IsNull ? new LayerVersion(0, []) : Version(Record(newest));
    }

    /// <summary>One revision of a layer; null: it never was, or is no longer kept.</summary>
    public async Task<LayerRecord?> ReadRevisionAsync(Scope scope, long revision) =>
        (await ReadRevisionsAsync(scope, revision, 1)).SingleOrDefault(record => record.Revision == revision);

    /// <summary>The newest <paramref name="most"/> revisions of a layer that are kept, up to <paramref name="last"/>; the oldest first.</summary>
    public async Task<IReadOnlyList<LayerRecord>> ReadRevisionsAsync(Scope scope, long last, int most)
    {
        while (true)
        {
            var newest = (await ReadLayerAsync(scope)).Revision;
            var end = Math.Min(last, newest);
            if (end < 1)
            {
                return [];
            }

            var first = Math.Max(1, end - most + 1);

            // Counted from the end, since the oldest are trimmed; a write in between has shifted that, and it is read again.
            var range = await redis.GetDatabase().ListRangeAsync(
                ConfigKeys.Layer($"{scope}"), -(newest - first + 1), -(newest - end + 1));
            if (range.Length == 0 || Record(range[^1]).Revision == end)
            {
                return [.. range.Select(Record)];
            }
        }
    }

    /// <summary>At most <paramref name="most"/> changes of anything, the newest first.</summary>
    public async Task<IReadOnlyList<AuditRecord>> AuditAsync(int most) =>
        [.. (await redis.GetDatabase().ListRangeAsync(ConfigKeys.Audit, -most)).Reverse()
            .Select(json => JsonSerializer.Deserialize(json.ToString(), WireJson.Tolerant.AuditRecord)!)];

    /// <inheritdoc />
    public void Dispose() => _writer.Dispose();

    private async Task<bool> TryCommitAsync(long revision, ConfigChange change)
    {
        RedisKey[] keys =
        [
            SignalKeys.Snapshot(ConfigKeys.Signal), ConfigKeys.Audit,
            .. change.Records.Select(written => (RedisKey)ConfigKeys.Layer($"{written.Scope}")),
        ];
        RedisValue[] values =
        [
            revision, revision + 1, JsonSerializer.Serialize(change.Next, WireJson.Types.ConfigLayers), SignalKeys.Wake(ConfigKeys.Signal),
            options.Value.AuditKept, options.Value.HistoryKept, change.Audit.Count,
            .. change.Audit.Select(audit => (RedisValue)JsonSerializer.Serialize(audit with { StoreRevision = revision + 1 }, WireJson.Types.AuditRecord)),
            .. change.Records.Select(written => (RedisValue)JsonSerializer.Serialize(written.Record, WireJson.Types.LayerRecord)),
        ];
        return (int)await redis.GetDatabase().ScriptEvaluateAsync(ConfigScripts.Commit, keys, values) == 1;
    }

    private static LayerRecord Record(RedisValue json) => JsonSerializer.Deserialize(json.ToString(), WireJson.Tolerant.LayerRecord)!;

    private static LayerVersion Version(LayerRecord record) => new(record.Revision, record.Document);
}
