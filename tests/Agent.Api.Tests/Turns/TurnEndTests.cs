using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>How a turn ends: by rule, as a failure with a slug of its own, and what it has used.</summary>
public sealed class TurnEndTests(RedisPair servers, ITestOutputHelper output)
{
    /// <summary>The objective is 100 ms from the last failure on; here the failures, the log's write and a first turn's warming up are in it.</summary>
    [Fact]
    public async Task NobodyCanAnswer_TheRulesDoAndSaySo()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"lastResort":{"answer":"Sorry.","answers":{"refund":"Write to us."}}}""");
        await scene.AskAsync("I want a refund");
        (await scene.A.NextCallAsync()).Fail(PlanHarness.Status(503));
        (await scene.B.NextCallAsync()).Fail(PlanHarness.Status(503));

        Assert.Equal(["switched:Fallback", "switched:Fallback", "token:Write to us.", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal(
            [("a", "b", "unavailable"), ("b", "rules", "unavailable")],
            (await scene.Agent.LogAsync()).OfType<ModelSwitched>().Select(switched => (switched.From, switched.To, switched.Why)));
        Assert.Equal("rule-based", (await scene.SingleAsync<TokenProduced>()).BuildId!.Model);
        var completed = await scene.SingleAsync<TurnCompleted>();
        Assert.Equal(new TokenUsage(0, 0), completed.Usage);
        output.WriteLine($"From the input to the saved token: {completed.TtftSeconds * 1_000:0.0} ms.");
        Assert.InRange(completed.TtftSeconds!.Value, 0, 1);
    }

    [Theory]
    [InlineData(503, 429, "model-error", true)]
    [InlineData(401, 401, "model-error", true)]
    [InlineData(503, 400, "model-error", true)]
    [InlineData(400, null, "model-refused", false)]
    public async Task NobodyCanAnswerNorMayTheRules_FailsByASlug(int first, int? second, string error, bool isRetriable)
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"lastResort":{"enabled":false}}""");
        await scene.AskAsync();
        (await scene.A.NextCallAsync()).Fail(PlanHarness.Status(first));
        if (second is { } status)
        {
            (await scene.B.NextCallAsync()).Fail(PlanHarness.Status(status));
        }

        Assert.Equal([$"failed:{error}"], await scene.StoryAsync($"failed:{error}"));
        Assert.Equal(isRetriable, (await scene.SingleAsync<TurnFailed>()).Retriable);
        Assert.Equal(second is null ? 0 : 1, scene.B.Calls);
    }

    [Fact]
    public async Task Usage_OfSeveralCalls_IsTheirSum()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("The quick", " brown");
        call.Fail(new IOException()); // and does not tell what it used: we count
        var next = await scene.B.NextCallAsync();
        next.Say(" fox.");
        next.Finish(input: 100, output: 5);
        await scene.StoryAsync("completed");

        Assert.Equal(
            new TokenUsage(AgentHarness.CountPrompt("P1", "hello") + 100, Count("The quick", " brown") + 5), (await scene.SingleAsync<TurnCompleted>()).Usage);
    }

    [Fact]
    public async Task Usage_OfACallThatToldItAndBrokeOff_IsWhatItTold()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"continuation":{"policy":"restart"}}""");
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Hel");
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 7, OutputTokenCount = 1 })]));
        call.Fail(new IOException());
        var next = await scene.B.NextCallAsync();
        next.Say("Hello");
        next.Finish(input: 100, output: 5);
        await scene.StoryAsync("completed");

        Assert.Equal(new TokenUsage(107, 6), (await scene.SingleAsync<TurnCompleted>()).Usage); // what was taken back was paid for
    }

    [Fact]
    public async Task Usage_LoserOfAHedge_CostsItsPrompt()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"resilience":{"hedgeAfterSeconds":0.05,"hedgeShare":1}}""");
        await scene.AskAsync();
        var slow = await scene.A.NextCallAsync();
        var fast = await scene.B.NextCallAsync();
        fast.Say("Hi");
        fast.Finish(input: 100, output: 5);

        Assert.Equal(["switched:Hedge", "token:Hi", "completed"], await scene.StoryAsync("completed"));
        Assert.True(await slow.Ended.Task);
        Assert.Equal(new TokenUsage(AgentHarness.CountPrompt("P1", "hello") + 100, 5), (await scene.SingleAsync<TurnCompleted>()).Usage);
    }

    [Fact]
    public async Task Usage_OfAStepThatWasShownCallsAndResults_CountsThem()
    {
        const string Returned = "the quick brown fox jumps over the lazy dog";
        var look = new PlayedTool("look");
        await using var scene = await TurnScene.OpenAsync(servers, tools: look.Tool);
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "look", """{"city":"Rome"}"""));
        (await look.NextRunAsync()).Return(Returned);
        var call = await scene.A.NextCallAsync();
        call.Say("A fox");
        call.Fail(new IOException()); // and does not tell what it used
        (await scene.B.NextCallAsync()).Finish(input: 100, output: 0);
        await scene.StoryAsync("completed");

        Assert.Equal(
            new TokenUsage(10 + AgentHarness.CountPrompt("P1", "hello", """{"city":"Rome"}""", Returned) + 100, 2 + Count("A fox")),
            (await scene.SingleAsync<TurnCompleted>()).Usage);
    }

    private static int Count(params string[] texts) => texts.Sum(AgentHarness.CountTokens);
}
