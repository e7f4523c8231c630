using AspireAgent.Agent.Models;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams.Breakers;
using AspireAgent.Testing;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>
/// D3, and the third of the source's gotchas: a slow primary keeps its traffic, a dead one loses it at once, the fallback is not buried, and
/// what comes back comes back by and by. The knobs compress time; the long mode has 30 s of slowness and the knobs' own times.
/// </summary>
[Collection(Alone.Name)]
public class DegradationTests
{
    private const int CallsPerSecond = 50;
    private const int Tokens = 12;
    private const string Drip = "drip=25"; // so that an answer of the fallback takes 0.3 s, and 50 of them a second are 15 at once
    private const int FallbackCalls = 8;

    private static readonly ResilienceKnobs Knobs = LongMode.IsOn
        ? new() { HedgeAfterSeconds = 1 }
        : new() { HedgeAfterSeconds = 1, BreakerWindowSeconds = 2, BreakSeconds = 2, RecoveryStepSeconds = 1 };

    private static readonly TimeSpan Slowness = TimeSpan.FromSeconds(LongMode.Times(8, 30));
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(Knobs.BreakerWindowSeconds);
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(Knobs.BreakSeconds);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(Knobs.RecoveryStepSeconds);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1); // for a busy machine

    [Fact]
    public async Task Plan_PrimarySlowThenDeadThenBack_BendsAndDoesNotBreak()
    {
        await using var bed = await PlanBed.StartAsync(Knobs, FallbackCalls, Drip);
        using var hedges = new MetricCollector<long>(bed.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        var load = new PlanLoad(bed, CallsPerSecond, Tokens);
        await load.WarmUpAsync();

        await load.RunAsync("well", Window);
        await bed.OrderAsync(new { model = PlanBed.PrimaryModel, delay = 1_100 });
        var slowAt = load.Now;
        await load.RunAsync("slow", Slowness);
        var deadAt = load.Now;
        await bed.OrderAsync(new { model = PlanBed.PrimaryModel, cut = 0 });
        await load.RunAsync("dead", 2 * Window);
        var backAt = load.Now;
        await bed.OrderAsync(null);
        await load.RunAsync("back", TimeSpan.Zero, () => bed.Primary.State is BreakerState.Closed);
        var closedAt = load.Now;
        await load.RunAsync("rises", (3 * 1.2 * Step) + Margin);
        var seen = new PlanTimeline(await load.EndAsync(), load.Samples, await bed.CallsAsync(), load.Start);
        TestContext.Current.TestOutputHelper?.WriteLine(seen.Draw(LongMode.IsOn ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(0.5)));

        Assert.All(seen.Answers, answer => Assert.Null(answer.Error));
        Assert.Equal(FallbackCalls, seen.MostAtOnce(PlanBed.FallbackModel)); // it came to that, and not further
        Assert.Equal(FallbackCalls, seen.Samples.Max(sample => sample.FallbackCalls));

        // Slow: each call is slow enough to be hedged, and each hedge would win; few are.
        var asked = seen.Asked(slowAt, deadAt - Margin).Count;
        Assert.DoesNotContain(seen.Samples, sample => sample.At < deadAt && sample.Primary is not BreakerState.Closed);
        Assert.InRange(1 - seen.Share("primary", slowAt, deadAt - Margin), 0, 0.05);
        Assert.InRange(seen.Calls(PlanBed.FallbackModel, slowAt, deadAt), 1, 0.05 * asked);
        Assert.Contains(hedges.GetMeasurementSnapshot(), hedge => (string?)hedge.Tags["aspireagent.outcome"] == "refused");

        // Dead: the breaker opens within a window, and from then on nobody waits for the primary, which is tried once after each break.
        var openAt = seen.Samples.First(sample => sample.Primary is BreakerState.Open).At;
        var (from, to) = (openAt + (Margin / 2), backAt - (Margin / 2)); // without what is on its way
        Assert.InRange(openAt - deadAt, TimeSpan.Zero, Window + Margin);
        Assert.Equal(0, seen.Share("primary", from, to));
        Assert.InRange(seen.Calls(PlanBed.PrimaryModel, from, to), 0, Math.Ceiling((to - from) / (0.8 * Break)));
        Assert.InRange(seen.Share("fallback", from, to), 0.1, 0.9);
        Assert.InRange(seen.FirstWord("rules", from, to).TotalMilliseconds, 0, 100);

        // Back: a tenth, a quarter, a half, all; each step lasts 0.8 to 1.2 of its time.
        var tenth = seen.Share("primary", closedAt, closedAt + (0.8 * Step));
        var quarterAndHalf = seen.Share("primary", closedAt + (0.8 * Step), closedAt + (2.4 * Step));
        Assert.InRange(tenth, 0, 0.35);
        Assert.InRange(quarterAndHalf, tenth, 0.7);
        Assert.InRange(seen.Share("primary", closedAt + (3 * 1.2 * Step), TimeSpan.MaxValue), 0.95, 1);
    }
}
