using System.Globalization;
using AspireAgent.Contracts.Instances;
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

    private const string Names = "instances";

    /// <summary>Writes one heartbeat.</summary>
    public async Task WriteAsync(InstanceInfo instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var batch = redis.GetDatabase().CreateTransaction();
        var key = Key(instance.Name);
        _ = batch.HashSetAsync(key,
        [
            new("kind", (int)instance.Kind),
            new("address", instance.Address),
            new("pid", instance.Pid),
            new("state", (int)instance.State),
            new("sessions", instance.Sessions),
            new("build", instance.Build),
            new("config", instance.ConfigRevision ?? RedisValue.EmptyString),
        ]);
        _ = batch.KeyExpireAsync(key, TimeToLive);
        _ = batch.SetAddAsync(Names, instance.Name);
        await batch.ExecuteAsync();
    }

    /// <summary>Takes an instance out, at its end.</summary>
    public async Task RemoveAsync(string name)
    {
        var db = redis.GetDatabase();
        await db.KeyDeleteAsync(Key(name));
        await db.SetRemoveAsync(Names, name);
    }

    /// <summary>One instance, if it is alive.</summary>
    public async Task<InstanceInfo?> FindAsync(string name) => Read(name, await redis.GetDatabase().HashGetAllAsync(Key(name)));

    /// <summary>All that are alive, by name. Names of the dead are dropped on the way.</summary>
    public async Task<IReadOnlyList<InstanceInfo>> ListAsync()
    {
        var db = redis.GetDatabase();
        var names = await db.SetMembersAsync(Names);
        var found = await Task.WhenAll(names.Select(name => FindAsync(name.ToString())));
        var dead = names.Where((_, i) => found[i] is null).ToArray();
        if (dead.Length > 0)
        {
            await db.SetRemoveAsync(Names, dead);
        }

        return [.. found.OfType<InstanceInfo>().OrderBy(instance => instance.Name, StringComparer.Ordinal)];
    }

    private static string Key(string name) => $"instance:{name}";

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
            long.TryParse(fields.GetValueOrDefault("config"), CultureInfo.InvariantCulture, out var revision) ? revision : null);
    }

    private static int Number(Dictionary<string, string> fields, string name) =>
        int.TryParse(fields.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var number) ? number : 0;
}
