using System.Globalization;
using System.Text.Json;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>
/// Who is alive: <c>instance:{name}</c>, a hash that its process writes each 3 s and that lapses after 10 s, and the set
/// <c>instances</c> of their names.
/// </summary>
public sealed class InstanceRegistry(IConnectionMultiplexer redis)
{
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(3);
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    /// <summary>Writes one heartbeat.</summary>
    public async Task WriteAsync(InstanceInfo instance)
    {
        ArgumentNullException.ThrowIfNull(instance);

        // Two slots, so no transaction over both; the name first, since a name without an instance is only swept.
        await redis.GetDatabase().SetAddAsync(InstanceKeys.Names, instance.Name);
        var heartbeat = redis.GetDatabase().CreateTransaction();
        var key = InstanceKeys.Of(instance.Name);
        _ = heartbeat.HashSetAsync(key,
        [
            new("kind", (int)instance.Kind),
            new("address", instance.Address),
            new("pid", instance.Pid),
            new("state", (int)instance.State),
            new("sessions", instance.Sessions),
            new("build", instance.Build),
            new("config", instance.ConfigRevision ?? RedisValue.EmptyString),
            new("drain", instance.Drain is { } drain ? JsonSerializer.Serialize(drain, WireJson.Types.DrainStatus) : ""),
        ]);
        _ = heartbeat.KeyExpireAsync(key, TimeToLive);
        await heartbeat.ExecuteAsync();
    }

    /// <summary>Takes an instance out, at its end. Its name stays until somebody has seen that it left nothing behind.</summary>
    public Task RemoveAsync(string name) => redis.GetDatabase().KeyDeleteAsync(InstanceKeys.Of(name));

    /// <summary>One instance, if it is alive.</summary>
    public async Task<InstanceInfo?> FindAsync(string name) => Read(name, await redis.GetDatabase().HashGetAllAsync(InstanceKeys.Of(name)));

    /// <summary>All that are alive, by name.</summary>
    public async Task<IReadOnlyList<InstanceInfo>> ListAsync() => (await ListAllAsync()).Alive;

    /// <summary>All that are alive, by name, and the names of those that are not and may have left something to go on with.</summary>
    public async Task<(IReadOnlyList<InstanceInfo> Alive, IReadOnlyList<string> Dead)> ListAllAsync()
    {
        var names = await redis.GetDatabase().SetMembersAsync(InstanceKeys.Names);
        var found = await Task.WhenAll(names.Select(name => FindAsync(name.ToString())));
        return (
            [.. found.OfType<InstanceInfo>().OrderBy(instance => instance.Name, StringComparer.Ordinal)],
            [.. names.Where((_, i) => found[i] is null).Select(name => name.ToString())]);
    }

    /// <summary>Forgets the name of one that is dead and has left nothing, and what it was told.</summary>
    public async Task ForgetAsync(string name)
    {
        await redis.GetDatabase().KeyDeleteAsync(InstanceKeys.Drain(name));
        await redis.GetDatabase().SetRemoveAsync(InstanceKeys.Names, name);
    }

    private static InstanceInfo? Read(string name, HashEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return null;
        }

        var fields = entries.ToDictionary(entry => entry.Name.ToString(), entry => entry.Value.ToString());
        return new InstanceInfo(
            name, (InstanceKind)Number(fields, "kind"), fields.GetValueOrDefault("address", ""), Number(fields, "pid"),
            (InstanceState)Number(fields, "state"), Number(fields, "sessions"), fields.GetValueOrDefault("build", ""),
            long.TryParse(fields.GetValueOrDefault("config"), CultureInfo.InvariantCulture, out var revision) ? revision : null,
            fields.GetValueOrDefault("drain") is { Length: > 0 } drain ? JsonSerializer.Deserialize(drain, WireJson.Tolerant.DrainStatus) : null);
    }

    private static int Number(Dictionary<string, string> fields, string name) =>
        int.TryParse(fields.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var number) ? number : 0;
}
