using AspireAgent.Contracts.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Tests;

public sealed class DrainerTests(RedisPair servers)
{
    private static readonly TimeSpan Hard = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Order_StoreAwayForAWhile_IsTriedAgainAndEndsAtTheDeadline()
    {
        using var harness = await StartAsync((attempt, _) => attempt <= 3 ? throw new RedisException("away") : Task.CompletedTask);
        var order = harness.Order(Hard);

        await harness.Orders.OrderAsync(harness.Local.Name, order);
        await Poll.UntilAsync(() => harness.Begun == 1, "the work to begin");
        Assert.Equal(order with { Sessions = 3 }, harness.Local.Drain);
        await harness.UntilAsync(() => harness.StoppedAt is not null, "its end");

        Assert.Equal(4, harness.Begun);
        Assert.InRange(harness.StoppedAt!.Value, order.HardAt, order.HardAt + TimeSpan.FromSeconds(1));
        await harness.Drainer.StopAsync(default);
    }

    [Fact]
    public async Task Order_TakenBackAndGivenAnew_OneEndsBeforeTheNextBegins()
    {
        var (running, atOnce) = (0, 0);
        using var harness = await StartAsync(async (_, undrained) =>
        {
            atOnce = Math.Max(atOnce, Interlocked.Increment(ref running));
            await Task.Delay(Timeout.InfiniteTimeSpan, undrained).ContinueWith(_ => Task.Yield(), TaskScheduler.Default);
            Interlocked.Decrement(ref running);
            undrained.ThrowIfCancellationRequested();
        });
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard));
        await Poll.UntilAsync(() => harness.Begun == 1, "the first drain");

        await harness.Orders.CancelAsync(harness.Local.Name);
        await Poll.UntilAsync(() => !harness.Local.IsDraining, "it to take work again");
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(harness));
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard, exit: false));
        await Poll.UntilAsync(() => harness.Begun == 2, "the second drain");
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard * 2));
        await Poll.UntilAsync(() => harness.Begun == 3, "the changed drain");

        Assert.Equal(1, atOnce);
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(harness));
        Assert.Null(harness.StoppedAt);
        await harness.Drainer.StopAsync(default);
    }

    [Fact]
    public async Task Order_DoneWithoutExit_StaysDrainedUntilTakenBack()
    {
        using var harness = await StartAsync((_, _) => Task.CompletedTask);
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard, exit: false));
        await Poll.UntilAsync(() => harness.Begun == 1, "the drain");

        harness.Time.Advance(TimeSpan.FromDays(2));

        Assert.Null(await TimeToLiveAsync(harness)); // no time takes it back
        Assert.True(harness.Local.IsDraining);
        Assert.Null(harness.StoppedAt);
        await harness.Drainer.StopAsync(default);
    }

    [Fact]
    public async Task Order_OfANamesakeBefore_IsForgottenAtTheStartAndAtTheEnd()
    {
        using var harness = new DrainHarness(await ConnectAsync());
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard));

        await harness.Drainer.StartAsync(default);
        await Poll.UntilAsync(async () => await HealthAsync(harness) is HealthStatus.Healthy, "it to listen");
        Assert.Null(await harness.Orders.ReadAsync(harness.Local.Name));

        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard));
        await harness.Drainer.StopAsync(default);
        Assert.Null(await harness.Orders.ReadAsync(harness.Local.Name));
    }

    [Fact]
    public async Task Start_RedisAway_IsNotReadyUntilItCanBeTold()
    {
        var (program, port) = (Requires.RedisServer(), LocalPort.Free());
        using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},abortConnect=false,connectTimeout=500,syncTimeout=500");
        using var harness = new DrainHarness(redis);
        await harness.Drainer.StartAsync(default);
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync(harness));

        await using var server = ChildProcess.Start(program, ["--port", $"{port}", "--bind", "127.0.0.1", "--save", ""]);
        await harness.UntilAsync(async () => await HealthAsync(harness) is HealthStatus.Healthy, "it to listen");
        await harness.Orders.OrderAsync(harness.Local.Name, harness.Order(Hard));

        await Poll.UntilAsync(() => harness.Local.IsDraining, "it to hear");
        await harness.Drainer.StopAsync(default);
    }

    [Fact]
    public async Task Terminate_StoreStaysAway_EndsWithTheGracePeriod()
    {
        using var harness = new DrainHarness(await ConnectAsync()) { Work = (_, _) => throw new TimeoutException() };
        var began = harness.Time.GetUtcNow();

        var ending = harness.Drainer.TerminateAsync();
        await harness.UntilAsync(() => ending.IsCompleted, "its end");

        await ending;
        Assert.InRange(harness.StoppedAt!.Value - began, DrainHarness.Grace, DrainHarness.Grace + TimeSpan.FromSeconds(2));
        Assert.InRange(harness.Begun, 8, 10);
    }

    [Fact]
    public async Task Terminate_WorkBreaks_EndsAllTheSame()
    {
        using var harness = new DrainHarness(await ConnectAsync()) { Work = (_, _) => throw new InvalidOperationException() };
        await Assert.ThrowsAsync<InvalidOperationException>(harness.Drainer.TerminateAsync);
        Assert.NotNull(harness.StoppedAt);
    }

    [Fact]
    public async Task Terminate_Twice_EndsAtOnce()
    {
        using var harness = new DrainHarness(await ConnectAsync()) { Work = (_, undrained) => Task.Delay(Timeout.InfiniteTimeSpan, undrained) };
        var ending = harness.Drainer.TerminateAsync();
        Assert.Null(harness.StoppedAt);

        await harness.Drainer.TerminateAsync();

        await ending;
        Assert.NotNull(harness.StoppedAt);
    }

    private static async Task<HealthStatus> HealthAsync(DrainHarness harness) =>
        (await harness.Drainer.CheckHealthAsync(new HealthCheckContext())).Status;

    private async Task<TimeSpan?> TimeToLiveAsync(DrainHarness harness) =>
        await (await ConnectAsync()).GetDatabase().KeyTimeToLiveAsync(InstanceKeys.Drain(harness.Local.Name));

    private async Task<DrainHarness> StartAsync(Func<int, CancellationToken, Task> work)
    {
        var harness = new DrainHarness(await ConnectAsync()) { Work = work };
        await harness.Drainer.StartAsync(default);
        await Poll.UntilAsync(async () => await HealthAsync(harness) is HealthStatus.Healthy, "it to listen");
        return harness;
    }

    private async Task<ConnectionMultiplexer> ConnectAsync() => await (await servers.GetAsync(RedisKind.Garnet)).ConnectAsync();
}
