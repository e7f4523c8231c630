using System.Text.Json;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>
/// Orders to drain, by which an operator at any gateway reaches any instance: a key in Redis each, and a channel that wakes. An
/// order holds until it is taken back or its instance is gone.
/// </summary>
public sealed class DrainOrders(IConnectionMultiplexer redis)
{
    /// <summary>Orders an instance to drain, or gives it other deadlines.</summary>
    public Task OrderAsync(string instance, DrainStatus drain)
    {
        ArgumentNullException.ThrowIfNull(drain);
        return WriteAsync(instance, db => db.StringSetAsync(
            InstanceKeys.Drain(instance), JsonSerializer.Serialize(drain, WireJson.Types.DrainStatus)));
    }

    /// <summary>Takes the order back.</summary>
    public Task CancelAsync(string instance) => WriteAsync(instance, db => db.KeyDeleteAsync(InstanceKeys.Drain(instance)));

    /// <summary>The order that an instance has; null: none.</summary>
    public async Task<DrainStatus?> ReadAsync(string instance) =>
        (string?)await redis.GetDatabase().StringGetAsync(InstanceKeys.Drain(instance)) is { } json
            ? JsonSerializer.Deserialize(json, WireJson.Tolerant.DrainStatus)
            : null;

    /// <summary>Calls <paramref name="changed"/> when an instance's order may have changed. A wake-up may be lost: look now and then, too.</summary>
    public Task WatchAsync(string instance, Action changed) =>
        redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(InstanceKeys.Drain(instance)), (_, _) => changed());

    private async Task WriteAsync(string instance, Func<IDatabase, Task> write)
    {
        await write(redis.GetDatabase());
        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal(InstanceKeys.Drain(instance)), "");
    }
}
