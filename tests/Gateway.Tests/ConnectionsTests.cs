using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Draining;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Http;

namespace AspireAgent.Gateway.Tests;

public sealed class ConnectionsTests(RedisPair servers)
{
    [Fact]
    public async Task Drain_NoStreams_LastsToTheDeadlineAndEndsWhatIsOpenedLater()
    {
        var harness = await StartAsync();
        var draining = Drain(harness, TimeSpan.FromMinutes(1), isTerminating: false);
        harness.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(draining.IsCompleted);
        using (var before = Open(harness))
        {
            Assert.False(before.Closing.IsCancellationRequested); // it has until then
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            await Poll.UntilAsync(() => before.Closing.IsCancellationRequested, "its end");
            Assert.Equal(ConnectionEnd.Drained, before.End);
        }

        await harness.DoneAsync(draining);
        using (var later = Open(harness))
        {
            Assert.True(later.Closing.IsCancellationRequested);
        }

        harness.Local.ReportDrain(harness.Local.Drain! with { HardAt = harness.Time.GetUtcNow().AddMinutes(1) });
        using (var anew = Open(harness))
        {
            Assert.False(anew.Closing.IsCancellationRequested);
        }
    }

    [Fact]
    public async Task Drain_TakenBack_StreamsLiveAgain()
    {
        var harness = await StartAsync();
        await Drain(harness, TimeSpan.Zero, isTerminating: false);
        using (var drained = Open(harness))
        {
            Assert.True(drained.Closing.IsCancellationRequested);
        }

        harness.Local.ReportDrain(null);

        using var alive = Open(harness);
        Assert.False(alive.Closing.IsCancellationRequested);
    }

    [Fact]
    public async Task Drain_ToldToEndWithNobodyElse_ClosesAtOnceAndStaysClosed()
    {
        var harness = await StartAsync();
        using var open = Open(harness);
        var began = harness.Time.GetUtcNow();

        var draining = Drain(harness, TimeSpan.FromMinutes(5), isTerminating: true);
        await Poll.UntilAsync(() => open.Closing.IsCancellationRequested, "its end");

        Assert.Equal(began, harness.Time.GetUtcNow());
        using var next = Open(harness);
        Assert.True(next.Closing.IsCancellationRequested);
        await harness.DoneAsync(draining);
    }

    [Fact]
    public async Task Drain_TheOtherGatewayGoesToo_ClosesSoonAfter()
    {
        var harness = await StartAsync();
        await harness.AddAsync("gateway-other", InstanceKind.Gateway);
        using var open = Open(harness);
        var draining = Drain(harness, TimeSpan.FromMinutes(5), isTerminating: true);
        await AdvanceAsync(harness, 8);
        Assert.False(open.Closing.IsCancellationRequested);

        await harness.Registry.RemoveAsync("gateway-other");
        var left = harness.Time.GetUtcNow();
        await harness.DoneAsync(draining);

        Assert.True(open.Closing.IsCancellationRequested);
        Assert.InRange((harness.Time.GetUtcNow() - left).TotalSeconds, 0, 30);
    }

    private static async Task AdvanceAsync(GatewayHarness harness, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            harness.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }
    }

    private static Task Drain(GatewayHarness harness, TimeSpan until, bool isTerminating)
    {
        var now = harness.Time.GetUtcNow();
        var drain = new DrainStatus(now, now + until, 0, true);
        harness.Local.ReportDrain(drain);
        return harness.Connections.DrainAsync(drain, isTerminating, default);
    }

    private static Connection Open(GatewayHarness harness) => harness.Connections.Open(new DefaultHttpContext(), "demo", "sse")!;

    private Task<GatewayHarness> StartAsync() => GatewayHarness.StartAsync(servers, database: 3);
}
