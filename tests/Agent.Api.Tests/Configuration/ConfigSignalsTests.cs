using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Configuration;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.Configuration;

/// <summary>The merged configuration of an audience, its tenant's layer read from a real store.</summary>
public sealed class ConfigSignalsTests(RedisPair servers) : IAsyncLifetime
{
    private readonly FakeSignal<ConfigLayers> _signal = new(ConfigLayers.Empty);
    private readonly string _tenant = $"t-{Guid.NewGuid():N}";
    private ConnectionMultiplexer _redis = null!;
    private ConfigSignals _configs = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await (await servers.GetAsync(RedisKind.Server)).ConnectAsync();
        _configs = new ConfigSignals(
            _signal, new TenantLayers(_redis, DefaultScheduler.Instance, NullLogger<TenantLayers>.Instance), NullLogger<ConfigSignals>.Instance);
    }

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task For_TenantLayerChanges_ComesTogetherWithItsRevision()
    {
        await WriteTenantAsync(1, """{"plan":"large"}""");
        var seen = new List<string?>();
        using var subscription = _configs.For(new Audience(_tenant)).Subscribe(config => seen.Add($"{config.Revision} {config.Merged.Config.Turn.Plan}"));
        Assert.Equal(["1 "], seen);

        Set(tenant: 1, "{}");
        await Poll.UntilAsync(() => seen.Count == 2, "the layer");
        await WriteTenantAsync(2, """{"plan":"small"}""");
        Set(tenant: 2, """{"promptVersion":"x"}""");
        await Poll.UntilAsync(() => seen.Count == 3, "the new layer");
        Set(tenant: 2, """{"promptVersion":"y"}""");

        Assert.Equal(["1 ", "2 large", "3 small", "4 small"], seen);
    }

    [Fact]
    public async Task For_LayerThatCannotBeRead_DoesNotHoldUpAKillSwitchAndComesLater()
    {
        await WriteTenantAsync(1, """{"plan":"large"}""");
        Set(tenant: 1, "{}");
        AudienceConfig? now = null;
        using var subscription = _configs.For(new Audience(_tenant)).Subscribe(config => now = config);
        await Poll.UntilAsync(() => now is not null, "the layer");
        await _redis.GetDatabase().ListRightPushAsync(ConfigKeys.Layer($"tenant/{_tenant}"), "no json");

        Set(tenant: 2, """{"kill":{"answers":true}}""");

        await Poll.UntilAsync(() => now!.Merged.Config.Live.Kill.Answers, "the kill switch");
        Assert.Equal("large", now!.Merged.Config.Turn.Plan);
        await WriteTenantAsync(2, """{"plan":"small"}""");
        await Poll.UntilAsync(() => now!.Merged.Config.Turn.Plan == "small", "the layer, once it can be read");
    }

    [Fact]
    public async Task For_FirstLayerCannotBeRead_WaitsInsteadOfLeavingItOut()
    {
        await _redis.GetDatabase().ListRightPushAsync(ConfigKeys.Layer($"tenant/{_tenant}"), "no json");
        Set(tenant: 1, "{}");
        AudienceConfig? now = null;
        using var subscription = _configs.For(new Audience(_tenant)).Subscribe(config => now = config);

        await WriteTenantAsync(1, """{"maxOutputTokens":7}""");

        await Poll.UntilAsync(() => now is not null, "the layer");
        Assert.Equal(7, now!.Merged.Config.Turn.MaxOutputTokens);
    }

    [Fact]
    public async Task For_ManyComeAndGoAtOnce_NobodyIsLeftDeafAndNothingStays()
    {
        var audience = new Audience("busy");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var heard = false;
                _configs.For(audience).Subscribe(_ => heard = true).Dispose();
                Assert.True(heard);
            }
        })));
        Assert.False(_signal.HasObservers);

        AudienceConfig? now = null;
        using (_configs.For(audience).Subscribe(config => now = config))
        {
            Set(tenant: 0, """{"plan":"large"}""");
            Assert.Equal("large", now!.Merged.Config.Turn.Plan);
        }

        Assert.False(_signal.HasObservers);
    }

    private void Set(long tenant, string global)
    {
        var before = _signal.Current!.Value;
        _signal.Set(before with
        {
            Global = new LayerVersion(before.Global.Revision + 1, JsonNode.Parse(global)!.AsObject()),
            Tenants = new Dictionary<string, long> { [_tenant] = tenant },
        });
    }

    private Task WriteTenantAsync(long revision, string document) => _redis.GetDatabase().ListRightPushAsync(
        ConfigKeys.Layer($"tenant/{_tenant}"),
        JsonSerializer.Serialize(new LayerRecord(revision, JsonNode.Parse(document)!.AsObject(), DateTimeOffset.UnixEpoch, "test", "put"), WireJson.Types.LayerRecord));
}
