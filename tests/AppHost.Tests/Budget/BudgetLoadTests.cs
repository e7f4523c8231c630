using AspireAgent.AppHost.Tests.Durability;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>
/// Four pods and 64 clients who want twice what there is: in each window the limit holds, whatever dies; and when it is back, the next
/// window is used again.
/// </summary>
public sealed class BudgetLoadTests(BudgetSystem system) : IClassFixture<BudgetSystem>
{
    private static readonly int Rounds = LongMode.Times(normally: 1, inLongMode: 10);

    [Fact]
    public async Task Demand_TwiceTheLimit_IsGrantedAllThereIsAndNotMore()
    {
        await using var ledger = await BudgetLedgerWatch.StartAsync(system);
        await system.LimitToHalfOfDemandAsync(ledger);
        await using var load = BudgetLoad.Start(system, seed: 1);
        var first = await ledger.NextWindowAsync();
        for (var window = 0; window < 1 + Rounds; window++)
        {
            await ledger.NextWindowAsync();
        }

        var last = BudgetLedgerWatch.Now;
        await Poll.UntilAsync(() => ledger.System(last).Granted > 0, "grants in the last window");
        await load.StopAsync();
        AssertAdmission(load.Calls, first, last - 1);
        var report = await ReportAsync("steady", ledger, load, first, last - 1);
        Assert.All(report, window => Assert.True(window.Share >= 0.9 && window.Failed == 0));

        // Nobody wants what the pods still hold: it comes back, or its window is over. What is used in a window may have been granted before.
        await Poll.UntilAsync(
            () => Task.FromResult(BudgetLedgerWatch.Now > last || ledger.System(last) is var left && left.Granted + left.Forced <= left.Used),
            () => $"unused leases to return: {ledger.System(last)}");
        var empty = await ledger.NextWindowAsync();
        await ledger.NextWindowAsync();
        Assert.Equal(0, ledger.System(empty).MostGranted);
    }

    [Fact]
    public async Task Demand_InBursts_IsGrantedAllThereIsAndNotMore()
    {
        await using var ledger = await BudgetLedgerWatch.StartAsync(system);
        await system.LimitToHalfOfDemandAsync(ledger);
        var first = await ledger.NextWindowAsync();
        await using var load = BudgetLoad.Start(system, seed: 2, () => IsBurst(BudgetLedgerWatch.Now));
        for (var window = 0; window < 2 + (2 * Rounds); window++)
        {
            await ledger.NextWindowAsync();
        }

        await load.StopAsync();
        var report = await ReportAsync("bursts", ledger, load, first, first + 1 + (2 * Rounds));
        Assert.All(load.Calls, call => Assert.True(call.IsAdmitted || !call.IsVip));
        Assert.All(report.Where(window => IsBurst(window.Window) && window.Window > first), window => Assert.True(window.Share >= 0.9 && window.Failed == 0));

        bool IsBurst(long window) => (window - first) % 2 == 0;
    }

    [Fact]
    public Task Pod_KilledInMidLease_LimitHoldsAndTheNextWindowIsUsed() => DisturbAsync("pod killed", 3, async (fleet, random) =>
    {
        var pods = await fleet.ReadyAsync("agent", BudgetSystem.Pods);
        UnixSignal.Kill(pods[random.Next(pods.Count)].Pid);
        await fleet.ReadyAsync("agent", BudgetSystem.Pods);
    });

    [Fact]
    public Task BudgetService_KilledAndBack_LimitHoldsAndTheNextWindowIsUsed() => DisturbAsync("budget service killed", 4, (_, _) => KillAsync("budget"));

    [Fact]
    public Task Redis_KilledAndBack_LimitHoldsAndTheNextWindowIsUsed() => DisturbAsync("Redis killed", 5, async (fleet, _) =>
    {
        await KillAsync("redis-server");
        await fleet.ReadyAsync("agent", BudgetSystem.Pods);
    });

    [Theory]
    [InlineData("00:05:00")]
    [InlineData("-00:05:00")]
    public async Task Clock_OfOnePodIsWrong_LimitHoldsAndAllIsUsed(string by)
    {
        await using var fleet = new Fleet(system);
        var pods = await fleet.ReadyAsync("agent", BudgetSystem.Pods);
        await using (var wrong = Replica.StartLike(
            pods[0].Pid, "Agent.Api", null,
            ("DOTNET_STARTUP_HOOKS", Path.Combine(Repository.Root, "tests/ClockShift/bin", Repository.Configuration, "net10.0/ClockShift.dll")),
            ("ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "ClockShift"), ("CLOCK_SHIFT", by)))
        {
            var name = (await fleet.ReadyAsync("agent", BudgetSystem.Pods + 1)).Single(pod => pod.Pid == wrong.Id).Name;
            await DisturbAsync($"a pod's clock off by {by}", 6, (_, _) => Task.CompletedTask);
            await using var ledger = await BudgetLedgerWatch.StartAsync(system);
            Assert.True(await ledger.ProducedByAsync(name) > system.Limit / 20, "The pod with the wrong clock took no part.");
        }

        await fleet.ReadyAsync("agent", BudgetSystem.Pods);
    }

    // Somewhere in a window there is trouble; the first whole one after its end is asserted to be full.
    private async Task DisturbAsync(string scenario, int seed, Func<Fleet, Random, Task> trouble)
    {
        await using var fleet = new Fleet(system);
        await using var ledger = await BudgetLedgerWatch.StartAsync(system);
        await system.LimitToHalfOfDemandAsync(ledger);
        var random = new Random(seed);
        await using var load = BudgetLoad.Start(system, seed);
        var first = await ledger.NextWindowAsync();
        var whole = new List<long>();
        for (var round = 0; round < Rounds; round++)
        {
            var at = DateTimeOffset.UtcNow + (BudgetSystem.Window * random.NextDouble());
            await Poll.UntilAsync(() => DateTimeOffset.UtcNow >= at, "the moment");
            await trouble(fleet, random);
            whole.Add(await ledger.NextWindowAsync());
            await ledger.NextWindowAsync();
        }

        await load.StopAsync();
        var report = await ReportAsync(scenario, ledger, load, first, whole[^1]);
        Assert.All(report.Where(window => whole.Contains(window.Window)), window => Assert.True(window.Share >= 0.9));
    }

    private async Task KillAsync(string resource)
    {
        UnixSignal.Kill((await system.ProcessesAsync(atLeast: 9)).Single(process => process.Key.StartsWith(resource, StringComparison.Ordinal)).Value);
        using var gateway = system.Gateway("operator");
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    using var response = await gateway.GetAsync("/v1/budget/limits");
                    return response.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the ledger");
    }

    // VIPs are never refused; who is, is told when to come back; and in each window some are let in.
    private static void AssertAdmission(IReadOnlyCollection<BudgetCall> calls, long first, long last)
    {
        Assert.All(calls.Where(call => call.IsVip), call => Assert.True(call.IsAdmitted));
        Assert.All(calls.Where(call => call.IsRefused), call => Assert.InRange(call.RetryAfter!.Value, 1, BudgetSystem.Window.TotalSeconds + 1));
        for (var window = first; window <= last; window++)
        {
            var others = calls.Where(call => !call.IsVip && BudgetLedgerWatch.WindowOf(call.EndedAt) == window).ToList();
            Assert.Contains(others, call => call.IsAdmitted);
            Assert.Contains(others, call => call.IsRefused);
        }
    }

    private async Task<IReadOnlyList<BudgetReport>> ReportAsync(string scenario, BudgetLedgerWatch ledger, BudgetLoad load, long first, long last)
    {
        var report = BudgetReport.Of(first, last, system.Limit, ledger, load.Calls, await BudgetVendorRequest.AllAsync(system));
        BudgetReport.Assert(scenario, report);
        return report;
    }
}
