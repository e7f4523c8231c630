using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;

namespace AspireAgent.ServiceDefaults.Tests;

public class InstanceRegistryTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Registry_WrittenRemovedLapsed_ListsTheLiving(RedisKind kind)
    {
        var connection = await (await servers.GetAsync(kind)).ConnectAsync();
        var registry = new InstanceRegistry(connection);
        var alive = new InstanceInfo("agent-1", InstanceKind.Agent, "http://localhost:1", 11, InstanceState.Draining, 3, "0.1.0",
            Drain: new DrainStatus(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1), 60, true, 5));
        await registry.WriteAsync(alive);
        await registry.WriteAsync(alive with { Name = "agent-2" });
        await registry.WriteAsync(alive with { Name = "gateway-1", Kind = InstanceKind.Gateway });

        await registry.RemoveAsync("agent-2");
        await connection.GetDatabase().KeyDeleteAsync("instance:gateway-1"); // as when its time to live is over

        Assert.Equal([alive], await registry.ListAsync());
        Assert.Equal(alive, await registry.FindAsync("agent-1"));
        Assert.Null(await registry.FindAsync("agent-2"));
        Assert.Equal(["agent-2", "gateway-1"], (await registry.ListAllAsync()).Dead.Order()); // they may have left something to go on with
        await new DrainOrders(connection).OrderAsync("agent-2", alive.Drain!);
        await registry.ForgetAsync("agent-2");
        Assert.Equal(["gateway-1"], (await registry.ListAllAsync()).Dead);
        Assert.Null(await new DrainOrders(connection).ReadAsync("agent-2")); // a namesake is told nothing
        var lapse = await connection.GetDatabase().KeyTimeToLiveAsync("instance:agent-1");
        Assert.InRange(lapse!.Value, TimeSpan.FromSeconds(1), InstanceRegistry.TimeToLive);
    }
}
