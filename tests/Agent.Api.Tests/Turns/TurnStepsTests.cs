using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>Turns whose models call tools.</summary>
public sealed class TurnStepsTests(RedisPair servers)
{
    private const string CallerTools = """[{"type":"function","function":{"name":"book","description":"Books.","parameters":{"type":"object"}}}]""";

    private readonly PlayedTool _look = new("look");
    private readonly PlayedTool _send = new("send", ToolEffect.Effectful);

    [Fact]
    public async Task Call_OfOneOfOurs_RunsWhenTheLogHoldsItAndItsResultIsShownToTheModel()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        var first = await scene.A.NextCallAsync();
        Assert.Equal(["look", "send"], first.Options!.Tools!.Select(tool => tool.Name));
        PlayedTool.Call(first, ("c1", "look", """{"city":"Rome"}"""));
        var run = await _look.NextRunAsync();
        Assert.Contains(await scene.Agent.LogAsync(), happened => happened is ToolCalled { Call: "c1" }); // while it runs
        Assert.Equal("Rome", run.City);
        run.Return("sunny");
        var second = await scene.A.NextCallAsync();
        Assert.Equal("""system:P1|user:hello|assistant:[c1 look {"city":"Rome"}]|tool:(c1) sunny""", PlayedTool.Shown(second));
        Answer(second, "It is sunny.");

        Assert.Equal(["called:look", "returned:sunny", "token:It is sunny.", "completed"], await scene.StoryAsync("completed"));
        var called = await scene.SingleAsync<ToolCalled>();
        Assert.Equal(("""{"city":"Rome"}""", "read-only"), (called.Arguments, called.Effect));
        var completed = await scene.SingleAsync<TurnCompleted>();
        Assert.Equal(("stop", new TokenUsage(20, 4)), (completed.Finish, completed.Usage));
        Assert.Equal(called.Fingerprint, completed.Fingerprint); // the build that spoke first
        Assert.Null((await scene.SingleAsync<TokenProduced>()).Fingerprint);
        Assert.Equal(["assistant", "tool", "assistant"], (await scene.KeptAsync()).Select(message => message.Role));
    }

    [Fact]
    public async Task Calls_SeveralInAStep_RunAtOnceAndAreShownInTheirOrder()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        var first = await scene.A.NextCallAsync();
        first.Say("Let me see.");
        PlayedTool.Call(first, ("c1", "look", """{"city":"Rome"}"""), ("c2", "look", """{"city":"Oslo"}"""));
        var runs = new[] { await _look.NextRunAsync(), await _look.NextRunAsync() };
        Assert.NotEqual(runs[0].Operation, runs[1].Operation);
        runs.Single(run => run.City == "Oslo").Return("snow");
        await scene.Agent.StoryAsync("returned:snow");
        Assert.False(scene.A.HasCalls); // not before both have returned
        runs.Single(run => run.City == "Rome").Return("sun");
        var second = await scene.A.NextCallAsync();
        Assert.EndsWith("|tool:(c1) sun|tool:(c2) snow", PlayedTool.Shown(second), StringComparison.Ordinal);
        Answer(second, "Sun and snow.");

        Assert.Equal(
            ["token:Let me see.", "called:look", "called:look", "returned:snow", "returned:sun", "token:Sun and snow.", "completed"],
            await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Calls_OfOneId_AreTwoAllTheSame()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("", "look", """{"city":"Rome"}"""), ("", "look", """{"city":"Oslo"}"""));
        var runs = new[] { await _look.NextRunAsync(), await _look.NextRunAsync() };
        foreach (var run in runs)
        {
            run.Return(run.City!);
        }

        var shown = PlayedTool.Shown(await scene.A.NextCallAsync());
        Assert.EndsWith(") Rome", shown.Split('|')[^2], StringComparison.Ordinal);
        Assert.EndsWith(") Oslo", shown.Split('|')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfSeveralSteps_EachIsShownAllBefore()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        var operations = new List<string>();
        for (var step = 0; step < 3; step++)
        {
            PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "look", "{}")); // the same, again and again
            var run = await _look.NextRunAsync();
            operations.Add(run.Operation);
            run.Return($"{step}");
        }

        var last = await scene.A.NextCallAsync();
        Assert.Equal(
            "system:P1|user:hello|assistant:[c1 look {}]|tool:(c1) 0|assistant:[c1-1 look {}]|tool:(c1-1) 1|assistant:[c1-2 look {}]|tool:(c1-2) 2",
            PlayedTool.Shown(last));
        Answer(last, "ok");
        await scene.StoryAsync("completed");
        Assert.Equal(3, operations.Distinct().Count());
    }

    [Fact]
    public async Task Call_OfAToolThatThereIsNot_IsToldToTheModel()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "fly", "{}"));
        var second = await scene.A.NextCallAsync();
        Assert.EndsWith("""|tool:(c1) {"error":"unknown-tool"}""", PlayedTool.Shown(second), StringComparison.Ordinal);
        Answer(second, "I cannot fly.");

        Assert.Equal(["called:fly", "returned:unknown-tool", "token:I cannot fly.", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Rounds_TheLastOneThatMayBe_IsToldToCallNone()
    {
        await using var scene = await OpenAsync("""{"maxToolRounds":1}""");
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "look", "{}"));
        (await _look.NextRunAsync()).Return("sunny");
        var second = await scene.A.NextCallAsync();
        Assert.Same(ChatToolMode.None, second.Options!.ToolMode);
        PlayedTool.Call(second, ("c2", "look", "{}"));

        await scene.StoryAsync("failed:too-many-tool-rounds");
        Assert.Equal(1, _look.Runs);
        Assert.Equal( // no call without an answer is left in the conversation
            ["assistant", "tool", "assistant", "tool"], (await scene.KeptAsync()).Select(message => message.Role));
    }

    [Theory]
    [InlineData("""{"tools":{"look":false}}""", "send")]
    [InlineData("""{"kill":{"tools":true}}""", null)]
    public async Task Switches_ToolThatIsOff_IsNotShownAndDoesNotRun(string config, string? shown)
    {
        await using var scene = await OpenAsync(config);
        await scene.AskAsync();
        var first = await scene.A.NextCallAsync();
        Assert.Equal(shown, first.Options!.Tools?.Single().Name);
        PlayedTool.Call(first, ("c1", "look", "{}"));
        Answer(await scene.A.NextCallAsync(), "I cannot.");

        Assert.Equal(["called:look", "returned:switched-off", "token:I cannot.", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal(0, _look.Runs);
    }

    [Fact]
    public async Task Kill_WhileAToolRuns_CancelsItAndTheModelIsTold()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "look", "{}"));
        var run = await _look.NextRunAsync();
        scene.Agent.SetGlobal(JsonNode.Parse("""{"systemPrompt":"P1","kill":{"tools":true}}""")!.AsObject());
        await run.Cancelled.Task;
        var second = await scene.A.NextCallAsync();
        Assert.Same(ChatToolMode.None, second.Options!.ToolMode);
        Answer(second, "Never mind.");

        Assert.Equal(["called:look", "returned:switched-off", "token:Never mind.", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Route_ThatCannotCallTools_IsShownNone()
    {
        await using var agent = await AgentHarness.StartAsync(
            servers, RedisKind.Server, [new ModelRoute("a", "model-a", new FakeChatClient(), 8_000) { Tools = false }], _look.Tool);
        await using var session = await agent.OpenAsync();
        await session.AcceptAsync(new InputRequest { Id = "1", Text = "hello" }, 0, default);

        var call = await ((FakeChatClient)agent.Models.PlanFor(null, "standard").First.Route.Client).NextCallAsync();
        Assert.Null(call.Options!.Tools);
    }

    [Fact]
    public async Task CallersTools_PassThroughUntouched()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync(options: TurnScene.Tools(CallerTools));
        var call = await scene.A.NextCallAsync();
        var shown = Assert.IsAssignableFrom<AIFunctionDeclaration>(Assert.Single(call.Options!.Tools!)); // and none of ours
        Assert.Equal(("book", "Books.", """{"type":"object"}"""), (shown.Name, shown.Description, shown.JsonSchema.GetRawText()));
        PlayedTool.Call(call, ("c1", "book", """{"seat":"4a"}"""));

        Assert.Equal(["called:book", "completed"], await scene.StoryAsync("completed"));
        var called = await scene.SingleAsync<ToolCalled>();
        Assert.Equal(("c1", """{"seat":"4a"}""", "client"), (called.Call, called.Arguments, called.Effect));
        Assert.Equal("tool_calls", (await scene.SingleAsync<TurnCompleted>()).Finish);
        var kept = Assert.Single(await scene.KeptAsync()); // the caller answers it
        Assert.Equal(new ConversationToolCall("c1", "book", """{"seat":"4a"}"""), Assert.Single(kept.ToolCalls!));
        Assert.Equal(1, scene.A.Calls);
    }

    [Fact]
    public async Task Stop_WhileAToolRuns_CancelsIt()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "send", "{}"));
        var run = await _send.NextRunAsync();
        Assert.IsType<StopOutcome.Stopped>(await scene.Session.StopAsync(CancelledBy.User, null, default));

        await run.Cancelled.Task;
        Assert.Equal(["called:send", "cancelled:User"], await scene.StoryAsync("cancelled:User"));
        await scene.AskAsync("again", id: "2");
        var next = await scene.A.NextCallAsync();
        Assert.Equal(
            """system:P1|user:hello|assistant:[c1 send {}]|tool:(c1) {"error":"interrupted"}|user:again""", PlayedTool.Shown(next));
    }

    [Theory]
    [InlineData("restart", "system:P1|user:hello|assistant:[c1 send {}]|tool:(c1) sent")]
    [InlineData("continue", "system:P1|user:hello|assistant:[c1 send {}]|tool:(c1) sent|assistant:It is")]
    public async Task Cut_AfterAFinishedStep_KeepsTheStep(string policy, string shown)
    {
        await using var scene = await OpenAsync($$"""{"continuation":{"policy":"{{policy}}"} }""");
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "send", "{}"));
        (await _send.NextRunAsync()).Return("sent");
        var second = await scene.A.NextCallAsync();
        second.Say("It is");
        second.Fail(new IOException());
        var third = await scene.B.NextCallAsync();
        Assert.Equal(shown, PlayedTool.Shown(third));
        Answer(third, " done.");
        await scene.StoryAsync("completed");

        Assert.Equal(1, _send.Runs);
        Assert.Equal(["", "sent", policy == "restart" ? " done." : "It is done."], (await scene.KeptAsync()).Select(message => message.Text));
    }

    [Fact]
    public async Task SecondStep_NobodyCanAnswer_FailsAndTheRulesDoNotSpeak()
    {
        await using var scene = await OpenAsync();
        await scene.AskAsync();
        PlayedTool.Call(await scene.A.NextCallAsync(), ("c1", "look", "{}"));
        (await _look.NextRunAsync()).Return("sunny");
        (await scene.A.NextCallAsync()).Fail(Models.Plans.PlanHarness.Status(503));
        (await scene.B.NextCallAsync()).Fail(Models.Plans.PlanHarness.Status(503));

        Assert.Equal(["called:look", "returned:sunny", "failed:model-error"], await scene.StoryAsync("failed:model-error"));
    }

    private Task<TurnScene> OpenAsync(string config = "{}") => TurnScene.OpenAsync(servers, config, tools: [_look.Tool, _send.Tool]);

    private static void Answer(FakeCall call, string text)
    {
        call.Say(text);
        call.Finish();
    }
}
