using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Agent.Tests.Turns;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Admission;

/// <summary>Turns and the budget: who is let in, by which plan, with how much, and what is booked in the end.</summary>
public sealed class TurnAdmissionTests(RedisPair servers)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Refused_SaysWhenToComeBackAndCostsNothing()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        scene.Agent.Leases.Exhausted = TimeSpan.FromSeconds(7.5);
        await scene.AskAsync();

        Assert.Equal(["failed:budget-exhausted"], await scene.StoryAsync("failed:budget-exhausted"));
        Assert.Equal((true, 7.5), (await scene.SingleAsync<TurnFailed>() is var failed) ? (failed.Retriable, failed.RetryAfterSeconds!.Value) : default);
        Assert.Equal(0, scene.A.Calls + scene.B.Calls);
        Assert.Empty(scene.Agent.Uses);
    }

    [Fact]
    public async Task Reserved_IsThePromptAndTheCapUntilAnswersAreKnown()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"maxOutputTokens":500}""");
        for (var turn = 1; turn <= 9; turn++)
        {
            await scene.AskAsync("hello", new InputOptions { MaxOutputTokens = 400 }, $"{turn}");
            var call = await scene.A.NextCallAsync();
            call.Say("Hi");
            call.Finish(output: turn == 3 ? 40 : 10);
            await scene.KeptAsync();
        }

        var asked = scene.Agent.Leases.Asked;
        Assert.Equal(("demo", "standard"), (asked[0].Account.Tenant, asked[0].Account.Tier));
        Assert.Equal(AgentHarness.CountPrompt("P1", "hello") + 400, asked[0].Cost.Tokens);
        var prompt = AgentHarness.CountPrompt(["P1", .. scene.Session.State.Messages.SkipLast(1).Select(message => message.Text)]);
        Assert.Equal(prompt + 40, asked[8].Cost.Tokens); // the 95th percentile of eight is the highest
    }

    [Theory]
    [InlineData("standard", "failed:cost-breaker-open")]
    [InlineData("vip", "completed")]
    public async Task Breaker_OpenToPause_RefusesAllButVips(string tier, string end)
    {
        await using var scene = await TurnScene.OpenAsync(servers, tier: tier);
        using var decided = new MetricCollector<long>(scene.Agent.Meters, AgentMetrics.MeterName, "aspireagent.budget.admissions");
        scene.Agent.Budget.Set(Status(new CostBreaker(CostBreakerState.Open, CostAction.Pause, Now, Now.AddHours(2))));
        await scene.AskAsync();
        if (tier == "vip")
        {
            Answer(await scene.A.NextCallAsync());
        }

        Assert.Equal(end, (await scene.Agent.StoryAsync(end))[^1]);
        if (tier != "vip")
        {
            Assert.Equal("paused", Assert.Single(decided.GetMeasurementSnapshot()).Tags["aspireagent.outcome"]);
            Assert.Equal(900, Assert.Single((await scene.Agent.LogAsync()).OfType<TurnFailed>()).RetryAfterSeconds); // nobody waits for hours
        }
    }

    [Theory]
    [InlineData(null, "b")]
    [InlineData("mute-alone", "mute")]
    public async Task Breaker_OpenToDowngrade_MovesTheOthersToTheCheapPlan(string? plan, string route)
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        scene.Agent.Budget.Set(Status(new CostBreaker(CostBreakerState.Open, CostAction.Downgrade, Now, null, plan)));
        await scene.AskAsync();
        Answer(plan is null ? await scene.B.NextCallAsync() : await scene.Agent.Model.NextCallAsync());

        Assert.Equal(["switched:Fallback", "token:Hi", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal(("a", route, "cost-breaker-open"), await scene.SingleAsync<ModelSwitched>() is var switched ? (switched.From, switched.To, switched.Why) : default);
        Assert.Equal(0, scene.A.Calls);
    }

    [Theory]
    [InlineData(CostBreakerState.HalfOpen, "standard")]
    [InlineData(CostBreakerState.Closed, "standard")]
    [InlineData(CostBreakerState.Open, "vip")]
    public async Task Breaker_ThatDoesNotConcernATurn_ChangesNothing(CostBreakerState state, string tier)
    {
        await using var scene = await TurnScene.OpenAsync(servers, tier: tier);
        scene.Agent.Budget.Set(Status(new CostBreaker(state, CostAction.Downgrade, Now)));
        await scene.AskAsync();
        Answer(await scene.A.NextCallAsync());

        await scene.Agent.StoryAsync("completed");
        Assert.Equal(0, scene.B.Calls);
    }

    [Fact]
    public async Task Booked_ByModelAtItsPrices_WhateverBecameOfTheCalls()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"resilience":{"hedgeAfterSeconds":0.05,"hedgeShare":1,"retries":0}}""", prices: (2_000_000, 10_000_000));
        await scene.AskAsync();
        await scene.A.NextCallAsync(); // loses
        var call = await scene.B.NextCallAsync();
        call.Say("Hi");
        call.Finish(input: 100, output: 5);
        await scene.StoryAsync("completed");

        var use = Assert.Single(await UsesAsync(scene));
        var prompt = AgentHarness.CountPrompt("P1", "hello");
        Assert.Equal((Assert.Single((await scene.Agent.LogAsync()).OfType<TurnCompleted>()).Turn, "demo", "standard"), (use.Id, use.Tenant, use.Tier));
        Assert.Equal(
            [new ModelUse("model-a", prompt, 0, prompt * 2), new ModelUse("model-b", 100, 5, 250)], use.Models.OrderBy(model => model.Model, StringComparer.Ordinal));
        Assert.InRange(scene.Agent.Produced.Total, prompt + 105, long.MaxValue);
    }

    [Fact]
    public async Task Booked_OfATurnThatWasStopped_IsWhatWasSaid()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        (await scene.A.NextCallAsync()).Say("The quick", " brown");
        await scene.Agent.StoryAsync("token: brown");
        await scene.Session.StopAsync(CancelledBy.User, null, default);
        await scene.StoryAsync("cancelled:User");

        Assert.Equal(
            new ModelUse("model-a", AgentHarness.CountPrompt("P1", "hello"), AgentHarness.CountTokens("The quick") + AgentHarness.CountTokens(" brown"), 0),
            Assert.Single(Assert.Single(await UsesAsync(scene)).Models));
    }

    [Fact]
    public async Task Booked_OfNobody_IsNothing()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        (await scene.A.NextCallAsync()).Fail(PlanHarness.Status(503));
        (await scene.B.NextCallAsync()).Fail(PlanHarness.Status(503));

        await scene.StoryAsync("completed"); // by rule
        await scene.KeptAsync();
        Assert.Empty(scene.Agent.Uses);
    }

    private static BudgetStatus Status(CostBreaker breaker) => new(1_000, 0, DateTimeOffset.MaxValue, Breaker: breaker);

    // A turn is booked after its last event.
    private static async Task<BudgetUse[]> UsesAsync(TurnScene scene)
    {
        await Poll.UntilAsync(() => !scene.Agent.Uses.IsEmpty, "the turn's use");
        return [.. scene.Agent.Uses];
    }

    private static void Answer(FakeCall call)
    {
        call.Say("Hi");
        call.Finish();
    }
}
