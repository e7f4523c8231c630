using AspireAgent.Agent.Draining;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.Draining;

public sealed class SessionEvacuationTests(RedisPair servers)
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Drain_RegistryCannotBeRead_WaitsForTheDeadline()
    {
        await using var harness = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        await using var host = harness.Host(AgentHarness.Instance("leaving"));
        using var nobody = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", LocalPort.Free() } }, AbortOnConnectFail = false, ConnectTimeout = 100, BacklogPolicy = BacklogPolicy.FailFast,
        });
        var evacuation = new SessionEvacuation(host, new InstanceRegistry(nobody), _time);
        var draining = evacuation.DrainAsync(
            new DrainStatus(_time.GetUtcNow(), _time.GetUtcNow().AddMinutes(1), 0, true), isTerminating: false, default);

        for (var second = 0; second < 59; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.False(draining.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await draining.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
