using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Streams;
using StackExchange.Redis;

namespace AspireAgent.Agent.Configuration;

/// <summary>
/// The layers of the tenants that this pod serves. The signal tells a layer's revision; the layer is read from the store itself, so
/// that it needs no other service.
/// </summary>
internal sealed partial class TenantLayers(IConnectionMultiplexer redis, IScheduler scheduler, ILogger<TenantLayers> logger)
{
    /// <summary>
    /// Reads a tenant's layer, for as long as it takes. Where it fails and there is a <paramref name="former"/> one, that comes first:
    /// what else has changed, such as a kill switch, must not wait for it. Without one nothing comes: its limits must not be left out.
    /// </summary>
    public IObservable<(LayerVersion Layer, bool IsRead)> Read(string tenant, LayerVersion? former)
    {
        var read = Observable.FromAsync(() => ReadAsync(tenant)).Select(layer => (layer, IsRead: true));
        var retried = read.LastKnownGood(Backoff.After, scheduler, failure => LogUnread(tenant, failure.GetType().Name));
        return former is null ? retried : read.Catch((Exception failure) =>
        {
            LogUnread(tenant, failure.GetType().Name);
            return retried.StartWith((former, false));
        });
    }

    private async Task<LayerVersion> ReadAsync(string tenant)
    {
        var newest = await redis.GetDatabase().ListGetByIndexAsync(ConfigKeys.Layer($"tenant/{tenant}"), -1);
        return newest.IsNull ? new LayerVersion(0, [])
            : JsonSerializer.Deserialize(newest.ToString(), WireJson.Tolerant.LayerRecord) is { } record ? new LayerVersion(record.Revision, record.Document)
            : throw new JsonException("A layer is an object.");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The layer of tenant {Tenant} cannot be read ({Reason}); trying again.")]
    private partial void LogUnread(string tenant, string reason);
}
