using AspireAgent.Agent.Models;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tests.Models.Calls;
using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>What becomes of an answer whose model breaks off (I11): it goes on, begins anew with an event that says so, or fails.</summary>
public sealed class TurnAnswerTests(RedisPair servers)
{
    private const Prefill None = Prefill.None;

    [Fact]
    public async Task Cut_PolicyContinue_TheOtherRouteGoesOnAfterItsWords()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "The quick ", "brown");
        var call = await scene.B.NextCallAsync();
        Assert.Equal("system:P1|user:hello|assistant:The quick brown", call.Prompt);
        Answer(call, " fox.");

        Assert.Equal(["token:The quick brown", "switched:Continuation", "token: fox.", "completed"], await scene.StoryAsync("completed"));
        var switched = await scene.SingleAsync<ModelSwitched>();
        Assert.Equal(("a", "b", "broken"), (switched.From, switched.To, switched.Why));
        Assert.Equal("The quick brown fox.", Assert.Single(await scene.KeptAsync()).Text);
        var named = Assert.Single((await scene.Agent.LogAsync()).OfType<TokenProduced>(), token => token.Fingerprint is not null);
        Assert.Equal(named.Fingerprint, (await scene.SingleAsync<TurnCompleted>()).Fingerprint); // of the build that spoke first
    }

    [Fact]
    public async Task Cut_OnlyTheRouteThatBrokeOffCanGoOn_IsAskedItself()
    {
        await using var scene = await TurnScene.OpenAsync(servers, b: None);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        Answer(await scene.A.NextCallAsync(), "lo");

        Assert.Equal(["token:Hel", "switched:Continuation", "token:lo", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal(0, scene.B.Calls);
    }

    [Fact]
    public async Task Cut_TheOtherRepeatsTheEnd_NothingIsSaidTwice()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Look, the quick brown fox ");
        var call = await scene.B.NextCallAsync();
        Assert.EndsWith("|assistant:Look, the quick brown fox", call.Prompt, StringComparison.Ordinal);
        Answer(call, "the quick br", "own fox ju", "mps.");

        Assert.Equal(
            ["token:Look, the quick brown fox ", "switched:Continuation", "token:jumps.", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Cut_AllItHeldBackWasARepeat_EndsWithWhatWasSaid()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Look, the quick brown fox");
        Answer(await scene.B.NextCallAsync(), "the quick brown fox");

        Assert.Equal(["token:Look, the quick brown fox", "switched:Continuation", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Cut_AtTheVeryEnd_NothingIsToBeAdded()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hello.");
        (await scene.B.NextCallAsync()).Finish();

        Assert.Equal(["token:Hello.", "switched:Continuation", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Cut_AfterBlanksAlone_NoEmptyMessageIsShown()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "\n");
        var call = await scene.B.NextCallAsync();
        Assert.Equal("system:P1|user:hello", call.Prompt);
        Answer(call, "Hello");

        Assert.Equal(["token:\n", "switched:Continuation", "token:Hello", "completed"], await scene.StoryAsync("completed"));
    }

    [Theory]
    [InlineData("""{"policy":"restart"}""", Prefill.LastAssistant)]
    [InlineData("""{"policy":"continue"}""", None)]
    public async Task Cut_ThatBeginsAnew_SaysSoAndIsOfTheNewBuild(string continuation, Prefill prefill)
    {
        await using var scene = await TurnScene.OpenAsync(servers, $$"""{"continuation":{{continuation}} }""", prefill, prefill);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        var call = await scene.B.NextCallAsync();
        Assert.Equal("system:P1|user:hello", call.Prompt);
        Answer(call, "Bonjour");

        Assert.Equal(["token:Hel", "switched:Restart", "token:Bonjour", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal("Bonjour", Assert.Single(await scene.KeptAsync()).Text);
        var tokens = (await scene.Agent.LogAsync()).OfType<TokenProduced>().ToList();
        Assert.Equal(["model-a", "model-b"], tokens.Select(token => token.BuildId!.RequestedModel));
        Assert.NotEqual(tokens[0].Fingerprint, tokens[1].Fingerprint);
        Assert.Equal(tokens[1].Fingerprint, (await scene.SingleAsync<TurnCompleted>()).Fingerprint);
    }

    [Theory]
    [InlineData("""{"policy":"stop"}""", Prefill.LastAssistant)]
    [InlineData("""{"policy":"continue","onNoPrefill":"stop"}""", None)]
    public async Task Cut_ThatIsNotGoneOnWith_Fails(string continuation, Prefill prefill)
    {
        await using var scene = await TurnScene.OpenAsync(servers, $$"""{"continuation":{{continuation}} }""", prefill, prefill);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");

        Assert.Equal(["token:Hel", "failed:interrupted"], await scene.StoryAsync("failed:interrupted"));
        Assert.True((await scene.SingleAsync<TurnFailed>()).Retriable);
        Assert.Equal("Hel", Assert.Single(await scene.KeptAsync()).Text); // what the client was told
        Assert.Equal(0, scene.B.Calls);
    }

    [Fact]
    public async Task Cut_WhoCouldGoOnFails_TheOthersBeginAnew()
    {
        await using var scene = await TurnScene.OpenAsync(servers, a: None);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        (await scene.B.NextCallAsync()).Fail(PlanHarness.Status(503));
        Answer(await scene.A.NextCallAsync(), "Bonjour");

        Assert.Equal(["token:Hel", "switched:Restart", "token:Bonjour", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Cut_NobodyCanGoOnOrBeginAnew_TheRulesDoNotSpeakOverWhatWasSaid()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        (await scene.B.NextCallAsync()).Fail(PlanHarness.Status(503));
        (await scene.A.NextCallAsync()).Fail(PlanHarness.Status(503));

        Assert.Equal(["token:Hel", "failed:interrupted"], await scene.StoryAsync("failed:interrupted"));
    }

    [Fact]
    public async Task Cut_AContinuationBreaksOff_TheNextGoesOnAfterBoth()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "one ");
        Break(await scene.B.NextCallAsync(), "two ");
        var call = await scene.A.NextCallAsync();
        Assert.EndsWith("|assistant:one two", call.Prompt, StringComparison.Ordinal);
        Answer(call, "three");

        Assert.Equal(
            ["token:one ", "switched:Continuation", "token:two ", "switched:Continuation", "token:three", "completed"],
            await scene.StoryAsync("completed"));
        Assert.Equal("one two three", Assert.Single(await scene.KeptAsync()).Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cut_MoreOftenThanIsAllowed_Fails(int most)
    {
        await using var scene = await TurnScene.OpenAsync(servers, $$"""{"continuation":{"mostRecoveries":{{most}} } }""");
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "one ");
        if (most > 0)
        {
            Break(await scene.B.NextCallAsync(), "two ");
        }

        var story = await scene.StoryAsync("failed:interrupted");
        Assert.Equal(most, story.Count(told => told == "switched:Continuation"));
        Assert.Equal((1, most), (scene.A.Calls, scene.B.Calls));
    }

    [Fact]
    public async Task Cut_AllThatMayBeSaidWasSaid_IsAtItsCapWithoutAnotherCall()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"maxOutputTokens":3}""");
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "one", " two", " three");

        Assert.Equal(["token:one two three", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal("length", (await scene.SingleAsync<TurnCompleted>()).Finish);
    }

    [Fact]
    public async Task Cut_InMidToolCall_NothingWasSaidAndTheNextBegins()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"continuation":{"policy":"stop"}}""");
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Updates.Writer.TryWrite(ToolPiece.Update());
        call.Fail(new IOException());
        Answer(await scene.B.NextCallAsync(), "Hello");

        Assert.Equal(["switched:Fallback", "token:Hello", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal("broken", (await scene.SingleAsync<ModelSwitched>()).Why);
    }

    [Fact]
    public async Task Cut_InMidToolCallAfterWords_GoesOnAfterThese()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Let me see.");
        call.Updates.Writer.TryWrite(ToolPiece.Update());
        call.Fail(new IOException());
        Answer(await scene.B.NextCallAsync(), " It is noon.");

        Assert.Equal(
            ["token:Let me see.", "switched:Continuation", "token: It is noon.", "completed"], await scene.StoryAsync("completed"));
    }

    [Fact]
    public async Task Cut_AfterAToolWasCalled_TakesTheStepBack()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Let me see.");
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new FunctionCallContent("c1", "weather")]));
        call.Fail(new IOException());
        var next = await scene.B.NextCallAsync();
        Assert.Equal("system:P1|user:hello", next.Prompt);
        Answer(next, "Hello");

        Assert.Equal(
            ["token:Let me see.", "called:weather", "switched:Restart", "token:Hello", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal(["Hello"], (await scene.KeptAsync()).Select(message => message.Text)); // nobody was called
    }

    [Fact]
    public async Task Garbled_ArgumentsOfATool_AreAnAnswerThatBrokeOff()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Let me see.");
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(
            ChatRole.Assistant, [new FunctionCallContent("c1", "weather") { Exception = new FormatException() }]));
        Answer(await scene.B.NextCallAsync(), " It rains.");

        Assert.Equal(["token:Let me see.", "switched:Continuation", "token: It rains.", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal("garbled", (await scene.SingleAsync<ModelSwitched>()).Why);
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Stall_TripsItsGuardAndTheOtherGoesOn()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"guards":{"stallSeconds":0.2}}""");
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Hel");
        Answer(await scene.B.NextCallAsync(), "lo");

        Assert.Equal(["token:Hel", "guard:stall", "switched:Continuation", "token:lo", "completed"], await scene.StoryAsync("completed"));
        var tripped = await scene.SingleAsync<GuardTripped>();
        Assert.Equal("switch", tripped.Action);
        Assert.StartsWith("nothing for 0.", tripped.Detail, StringComparison.Ordinal);
        Assert.Equal("stalled", (await scene.SingleAsync<ModelSwitched>()).Why);
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Drip_TripsItsGuardAndTheOtherGoesOn()
    {
        await using var scene = await TurnScene.OpenAsync(servers, """{"guards":{"dripTokensPerSecond":1000,"dripWindowSeconds":1}}""");
        await scene.AskAsync();
        var call = await scene.A.NextCallAsync();
        call.Say("Hel");
        Answer(await scene.B.NextCallAsync(), "lo");

        Assert.Equal(["token:Hel", "guard:drip", "switched:Continuation", "token:lo", "completed"], await scene.StoryAsync("completed"));
        Assert.Equal("slow-drip", (await scene.SingleAsync<ModelSwitched>()).Why);
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Stop_WhileAnotherIsAskedToGoOn_EndsTheTurnAndThatCall()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        var call = await scene.B.NextCallAsync();
        Assert.IsType<StopOutcome.Stopped>(await scene.Session.StopAsync(CancelledBy.User, null, default));

        Assert.True(await call.Ended.Task);
        Assert.Equal(["token:Hel", "cancelled:User"], await scene.StoryAsync("cancelled:User"));
        Assert.Equal("Hel", Assert.Single(await scene.KeptAsync()).Text);
    }

    [Fact]
    public async Task Kill_WhileAnotherIsAskedToGoOn_EndsTheTurnAndThatCall()
    {
        await using var scene = await TurnScene.OpenAsync(servers);
        await scene.AskAsync();
        Break(await scene.A.NextCallAsync(), "Hel");
        var call = await scene.B.NextCallAsync();
        scene.Agent.SetGlobal(new System.Text.Json.Nodes.JsonObject { ["kill"] = new System.Text.Json.Nodes.JsonObject { ["answers"] = true } });

        Assert.True(await call.Ended.Task);
        Assert.Equal(["token:Hel", "failed:switched-off"], await scene.StoryAsync("failed:switched-off"));
    }

    private static void Break(FakeCall call, params string[] words)
    {
        call.Say(words);
        call.Fail(new IOException());
    }

    private static void Answer(FakeCall call, params string[] words)
    {
        call.Say(words);
        call.Finish();
    }
}
