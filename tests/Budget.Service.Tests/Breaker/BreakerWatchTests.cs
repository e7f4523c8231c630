using System.Text.Json.Nodes;
using AspireAgent.Budget.Breaker;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using AspireAgent.Testing;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>The breaker of several instances on one real store.</summary>
public class BreakerWatchTests(BreakerServers servers) : IClassFixture<BreakerServers>
{
    private static readonly BreakerOrder OpenIt = new(CostBreakerState.Open, "a bill came");

    private readonly PlayedBurn _burn = new();

    public static TheoryData<RedisKind> Kinds => BreakerServers.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Step_SeenByManyAtOnce_IsMadeOnce(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        await using var other = await ConnectionMultiplexer.ConnectAsync(redis.Configuration);
        WatchBed[] beds = [.. Enumerable.Range(0, 8).Select(i => new WatchBed(i % 2 == 0 ? redis : other, _burn))];
        await LookAsync(beds);
        for (var i = 0; i < 3; i++)
        {
            _burn.Pass(10, 6 * PlayedBurn.Steady);
            await LookAsync(beds); // opens
            _burn.Pass((60 << i) + 1, 0);
            await LookAsync(beds); // half-open
        }

        _burn.Pass(11, 0);
        await LookAsync(beds); // closes
        await LookAsync(beds);

        string[] states = ["open (pause)", "half-open", "open (pause)", "half-open", "open (pause)", "half-open", "closed"];
        Assert.Equal(states, (await beds[0].AuditAsync()).Select(record => record.To));
        Assert.Equal(states.Length, beds.Sum(bed => bed.Steps.GetMeasurementSnapshot().EvaluateAsCounter()));
        Assert.All(beds, bed => Assert.Equal(beds[0].Latest.Current.Breaker, bed.Latest.Current.Breaker));
        Array.ForEach(beds, bed => bed.Dispose());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Restart_WhileOpen_GoesOnWhereItStood(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        CostBreaker? before;
        using (var first = new WatchBed(redis, _burn))
        {
            await LookAsync(first);
            _burn.Pass(300, 6 * PlayedBurn.Steady);
            await LookAsync(first);
            before = first.Latest.Current.Breaker;
            Assert.Equal(CostBreakerState.Open, before!.State);
            Assert.Equal(BreakerRecord.Instant(_burn.NowSecond + 60).ToUnixTimeSeconds(), before.Until!.Value.ToUnixTimeSeconds());
        }

        _burn.Pass(30, 6 * PlayedBurn.Steady);
        using var second = new WatchBed(redis, _burn);
        await LookAsync(second);
        Assert.Equal(before, second.Latest.Current.Breaker);
        Assert.Empty(second.Steps.GetMeasurementSnapshot());

        Assert.Equal(0, _burn.Asked[^1]); // from the beginning

        _burn.Pass(31, 0);
        await LookAsync(second);
        Assert.Equal(CostBreakerState.HalfOpen, second.Latest.Current.Breaker!.State);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Baseline_AfterARestart_StillLeavesTheSpikeOut(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        using (var first = new WatchBed(redis, _burn))
        {
            await LookAsync(first);
            _burn.Pass(10, 6 * PlayedBurn.Steady);
            await LookAsync(first);
            _burn.Pass(200, 6 * PlayedBurn.Steady);
            await first.Watch.OrderAsync(new BreakerOrder(CostBreakerState.Closed, "it was us"), "olga", default);
        }

        _burn.Pass(60, PlayedBurn.Steady);
        using var second = new WatchBed(redis, _burn);
        await LookAsync(second);
        Assert.Equal(60.0 * PlayedBurn.Steady, second.Latest.Current.Rate!.BaselineTokensPerMinute!.Value, 60.0 * PlayedBurn.Steady / 50);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Order_AtTwoInstancesAtOnce_IsDoneOnceAndSeenByBoth(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        using var first = new WatchBed(redis, _burn);
        using var second = new WatchBed(redis, _burn);
        var woken = 0;
        await using var wakes = await SignalWakes.SubscribeAsync(redis, "budget", () => Interlocked.Increment(ref woken));

        var answers = await Task.WhenAll(first.Watch.OrderAsync(OpenIt, "olga", default), second.Watch.OrderAsync(OpenIt, "otto", default));

        Assert.All(answers, answer => Assert.Equal((CostBreakerState.Open, null), (answer.State, answer.Until)));
        var record = Assert.Single(await first.AuditAsync());
        Assert.Equal(("breaker", "closed", "open (pause)", "a bill came"), (record.What, record.From, record.To, record.Reason));
        Assert.Contains(record.By, (string[])["olga", "otto"]);
        Assert.Equal(first.Latest.Current.Breaker, second.Latest.Current.Breaker);
        await Poll.UntilAsync(() => Volatile.Read(ref woken) > 0, "the signal to be woken");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Store_ThatLosesTheBreaker_GetsItBack(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        using var first = new WatchBed(redis, _burn);
        await first.Watch.OrderAsync(OpenIt, "olga", default);
        await redis.GetDatabase().KeyDeleteAsync("budget:{budget}:breaker");

        await LookAsync(first);
        Assert.Equal(CostBreakerState.Open, first.Latest.Current.Breaker!.State);
        using var fresh = new WatchBed(redis, _burn);
        await LookAsync(fresh);
        Assert.Equal(first.Latest.Current.Breaker, fresh.Latest.Current.Breaker);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Knobs_OfTheSignalElseOfTheStoreElseDefaults_Hold(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        var snapshots = new SignalSnapshots<ConfigLayers>(redis, ConfigKeys.Signal, WireJson.Tolerant.ConfigLayers);
        using var bed = new WatchBed(redis, _burn);
        await bed.Watch.OrderAsync(OpenIt, "olga", default);
        Assert.Equal(CostAction.Pause, bed.Latest.Current.Breaker!.Action);

        await snapshots.TryReplaceAsync(0, new SignalValue<ConfigLayers>(4, Layers("""{"breakerAction":"downgrade","cheapPlan":"cheap"}""")));
        await LookAsync(bed);
        Assert.Equal((CostAction.Downgrade, "cheap"), (bed.Latest.Current.Breaker.Action, bed.Latest.Current.Breaker.Plan));

        bed.Config.Current = new SignalValue<ConfigLayers>(5, Layers("""{"breakerAction":"pause"}"""));
        await LookAsync(bed);
        Assert.Equal((CostAction.Pause, null), (bed.Latest.Current.Breaker.Action, bed.Latest.Current.Breaker.Plan));

        bed.Config.Current = new SignalValue<ConfigLayers>(6, Layers("""{"breakerAction":"explode"}"""));
        await LookAsync(bed);
        Assert.Equal(CostAction.Pause, bed.Latest.Current.Breaker.Action);
    }

    [Fact]
    public async Task Watch_StoreThatGoesAndComes_GoesOnByItself()
    {
        await using var server = await RedisProcess.StartAsync(RedisKind.Server);
        await using var proxy = CuttingProxy.Start(server.Port);
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{RedisProcess.Through(proxy.Port)},asyncTimeout=500,connectRetry=1,connectTimeout=500");
        var time = new FakeTimeProvider();
        using var bed = new WatchBed(redis, _burn, time);
        await bed.Watch.StartAsync(default);
        await Poll.UntilAsync(() => Ticks(() => bed.Latest.Current.Rate is not null), "the first look");

        proxy.Mode = ProxyMode.Refuses;
        var looks = _burn.Asked.Count;
        await Poll.UntilAsync(() => Ticks(() => _burn.Asked.Count > looks + 2 || !redis.IsConnected), "looks in vain");
        Assert.NotNull(bed.Latest.Current.Rate);

        proxy.Mode = ProxyMode.Forwards;
        _burn.Pass(10, 6 * PlayedBurn.Steady);
        await Poll.UntilAsync(() => Ticks(() => bed.Latest.Current.Breaker?.State is CostBreakerState.Open), "the breaker to open");
        await bed.Watch.StopAsync(default);

        bool Ticks(Func<bool> isSo)
        {
            time.Advance(BreakerWatch.Every);
            return isSo();
        }
    }

    [Fact]
    public async Task Gauges_OfStatusAndBurn_TellWhatIsKnown()
    {
        await using var redis = await servers.ConnectAsync(RedisKind.Garnet);
        using var bed = new WatchBed(redis, _burn);
        Assert.Equal(["aspireagent.budget.breaker.state"], bed.Gauges().Keys);

        bed.Status.Current = new SignalValue<BudgetStatus>(1, new BudgetStatus(1_000, 300, DateTimeOffset.UnixEpoch, 400));
        await bed.Watch.OrderAsync(OpenIt, "olga", default);
        var gauges = bed.Gauges();
        Assert.Equal(
            (1_000, 300, 400, 600, 2),
            (gauges["aspireagent.budget.limit"], gauges["aspireagent.budget.used"], gauges["aspireagent.budget.granted"], gauges["aspireagent.budget.remaining"],
                gauges["aspireagent.budget.breaker.state"]));
        Assert.Equal(60.0 * PlayedBurn.Steady, gauges["aspireagent.budget.velocity"], 60.0 * PlayedBurn.Steady / 8);
        Assert.Equal(60.0 * PlayedBurn.Steady, gauges["aspireagent.budget.baseline"], 1);

        var step = Assert.Single(bed.Steps.GetMeasurementSnapshot());
        Assert.Equal(("open", "operator"), (step.Tags["aspireagent.state"], step.Tags["aspireagent.reason"]));
    }

    [Theory]
    [InlineData(CostBreakerState.Closed, "closed")]
    [InlineData(CostBreakerState.HalfOpen, "half-open")]
    [InlineData(CostBreakerState.Open, "open")]
    public void ToTag_EachState_HasItsOwn(CostBreakerState state, string tag) => Assert.Equal(tag, BudgetMetrics.ToTag(state));

    private static Task LookAsync(params WatchBed[] beds) => Task.WhenAll(beds.Select(bed => bed.Watch.LookAsync(default)));

    private static ConfigLayers Layers(string budget) => ConfigLayers.Empty with
    {
        Global = new LayerVersion(1, new JsonObject { ["budget"] = JsonNode.Parse(budget) }),
    };
}
