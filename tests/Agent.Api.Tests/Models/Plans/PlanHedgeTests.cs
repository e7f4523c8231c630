using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>D4: the next route beside a slow first one. Times are exercise 5's of the source.</summary>
public sealed class PlanHedgeTests
{
    private static readonly ResilienceKnobs Knobs = new() { Retries = 0, HedgeAfterSeconds = 2, HedgeShare = 1, BreakerMinimumCalls = 100 };

    [Fact]
    public async Task Hedge_FirstAnswersWithinItsTime_TheSecondIsNeverAsked()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(1.9);
        a.Say("A");
        Assert.Equal("a: A", await told.NextAsync());
        plan.Time.Advance(3);
        a.Finish();

        Assert.Equal(["end"], await told.AllAsync());
        Assert.Equal(0, plan["b"].Calls);
        Assert.Empty(plan.Unheard);
    }

    [Fact]
    public async Task Hedge_SecondSpeaksFirst_WinsAndTheFirstIsCancelledAndCharged()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        using var hedges = new MetricCollector<long>(plan.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        var told = plan.Speak();
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(1.999);
        Assert.Equal(0, plan["b"].Calls);
        plan.Time.Advance(0.001);
        var b = await plan["b"].NextCallAsync();
        Assert.False(a.Ended.Task.IsCompleted); // beside it, not in its place
        plan.Time.Advance(0.3);
        b.Say("B");

        Assert.True(await a.Ended.Task);
        b.Finish();
        Assert.Equal(["a>b slow Hedge", "b: B", "end"], await told.AllAsync());
        Assert.Equal("hello a", Assert.Single(plan.Unheard).Messages[0].Text);
        Assert.Equal(("b", "won"), Tags(hedges));
    }

    [Fact]
    public async Task Hedge_FirstSpeaksAfterAll_WinsAndTheSecondIsCancelledAndCharged()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        using var hedges = new MetricCollector<long>(plan.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        var told = plan.Speak();
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(2);
        var b = await plan["b"].NextCallAsync();
        plan.Time.Advance(0.5);
        a.Say("A");

        Assert.True(await b.Ended.Task);
        a.Finish();
        Assert.Equal(["a: A", "end"], await told.AllAsync());
        Assert.Equal("hello b", Assert.Single(plan.Unheard).Messages[0].Text);
        Assert.Equal(("b", "lost"), Tags(hedges));
        await plan.AttemptsAsync(2); // the loser's end is its own
        Assert.Equal(0, plan.Health("b").FallbackCalls);
    }

    [Fact]
    public async Task Hedge_FirstFailsAtOnce_TheSecondBeginsAtOnce()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        var b = await plan["b"].NextCallAsync(); // the clock stands still
        b.Say("B");
        b.Finish();

        Assert.Equal(["a>b unavailable Fallback", "b: B", "end"], await told.AllAsync());
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Hedge_BothFail_OneErrorNamesBoth(string first)
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        await FailBothAsync(plan, first);

        Assert.Equal(["No route could answer (a: unavailable; b: rate-limited)."], await told.AllAsync());
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Hedge_BothFail_TheThirdAnswersAndTheHopsAreThoseOfThePlan(string first)
    {
        using var plan = new PlanHarness(Knobs, ["a", "b", "c"]);
        var told = plan.Speak();
        await FailBothAsync(plan, first);
        var c = await plan["c"].NextCallAsync();
        c.Say("C");
        c.Finish();

        Assert.Equal(["a>b unavailable Fallback", "b>c rate-limited Fallback", "c: C", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Hedge_SecondIsRefused_TheFirstIsNotToBlame()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(2);
        (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(400));
        await plan.AttemptsAsync(1);
        a.Say("A");
        a.Finish();

        Assert.Equal(["a: A", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Hedge_FirstIsRefused_EndsBoth()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(2);
        var b = await plan["b"].NextCallAsync();
        a.Fail(PlanHarness.Status(400));

        Assert.Equal(["No route could answer (a: refused)."], await told.AllAsync());
        Assert.True(await b.Ended.Task);
    }

    [Fact]
    public async Task Hedge_MoreThanTheirShareAreSlow_WaitForTheFirstAlone()
    {
        using var plan = new PlanHarness(Knobs with { HedgeShare = 0.05 }, ["a", "b"]);
        using var hedges = new MetricCollector<long>(plan.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        var slow = Enumerable.Range(0, 20).Select(_ => plan.Speak()).ToList();
        plan.Time.Advance(2);

        // One at once, and one that the twenty have earned.
        Assert.InRange(plan["b"].Calls, 1, 2);
        Assert.Equal(20 - plan["b"].Calls, hedges.GetMeasurementSnapshot().Count(measured => (string)measured.Tags["aspireagent.outcome"]! == "refused"));
        slow.ForEach(told => told.Dispose());
    }

    [Fact]
    public async Task Hedge_WhileTheFirstRecovers_IsToldOfTheRouteThatStandsBehind()
    {
        using var plan = new PlanHarness(Knobs with { BreakerMinimumCalls = 1, BreakSeconds = 10 }, ["a", "b", "c"]);
        using var hedges = new MetricCollector<long>(plan.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        await plan.RecoverAsync("a");
        var told = plan.Speak();
        var b = await plan["b"].NextCallAsync();
        plan.Time.Advance(2);
        var c = await plan["c"].NextCallAsync();
        c.Say("C");
        c.Finish();

        Assert.True(await b.Ended.Task);
        Assert.Equal("c: C", (await told.AllAsync())[^2]);
        Assert.Equal(("c", "won"), Tags(hedges));
    }

    [Fact]
    public async Task Hedge_BothFailAndNobodyElseIsThere_IsCountedAsLost()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        using var hedges = new MetricCollector<long>(plan.Meters, AgentMetrics.MeterName, "aspireagent.model.hedges");
        var told = plan.Speak();
        await FailBothAsync(plan, "b");
        await told.AllAsync();

        Assert.Equal(("b", "lost"), Tags(hedges));
    }

    [Fact]
    public async Task Hedge_LetGo_ClosesBothWires()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        var a = await plan["a"].NextCallAsync();
        plan.Time.Advance(2);
        var b = await plan["b"].NextCallAsync();
        told.Dispose();

        Assert.True(await a.Ended.Task);
        Assert.True(await b.Ended.Task);
        Assert.Equal(2, plan.Unheard.Count);
    }

    private static async Task FailBothAsync(PlanHarness plan, string first)
    {
        var a = await plan["a"].NextCallAsync();
        if (first == "a")
        {
            a.Fail(PlanHarness.Status(503));
            (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(429));
            return;
        }

        plan.Time.Advance(2);
        (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(429));
        await plan.AttemptsAsync(1);
        a.Fail(PlanHarness.Status(503));
    }

    private static (object? Route, object? Outcome) Tags(MetricCollector<long> hedges)
    {
        var measured = Assert.Single(hedges.GetMeasurementSnapshot());
        return (measured.Tags["aspireagent.route"], measured.Tags["aspireagent.outcome"]);
    }
}
