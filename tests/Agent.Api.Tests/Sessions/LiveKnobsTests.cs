using System.Text.Json.Nodes;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Sessions;

/// <summary>What a running answer follows, and what it does not.</summary>
public sealed class LiveKnobsTests(RedisPair servers) : IAsyncLifetime
{
    private AgentHarness _agent = null!;
    private Session _session = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Server);
        _session = await _agent.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task Kill_RunningAnswer_EndsItAndItsCall()
    {
        var call = await SpeakingAsync("A");

        _agent.SetGlobal(Global("""{"kill":{"answers":true}}"""));

        await _agent.StoryAsync("failed:switched-off");
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Kill_NewInput_IsNotShownToAModelUntilItIsSwitchedOnAgain()
    {
        _agent.SetGlobal(Global("""{"kill":{"answers":true}}"""));
        await AcceptAsync("1", "hello");
        await _agent.StoryAsync("failed:switched-off");
        Assert.Equal(0, _agent.Model.Calls);

        _agent.SetGlobal(Global("{}"));
        await AcceptAsync("2", "hello again");
        var call = await _agent.Model.NextCallAsync();
        call.Say("Hi");
        call.Finish();

        await _agent.StoryAsync("completed");
    }

    [Fact]
    public async Task LoopRun_LoweredUnderTheRunningAnswer_CutsItByTheTokensThatWereSaid()
    {
        _agent.SetGlobal(Global("""{"guards":{"loopRun":100}}"""));
        var call = await SpeakingAsync("la");
        for (var i = 0; i < 6; i++)
        {
            call.Say("la");
        }

        await Poll.UntilAsync(async () => (await _agent.LogAsync()).OfType<TokenProduced>().Count() == 7, "seven tokens");

        _agent.SetGlobal(Global("""{"guards":{"loopRun":6}}"""));

        var story = await _agent.StoryAsync("failed:loop-detected");
        Assert.Equal(["guard:loop", "failed:loop-detected"], story[^2..]);
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task LoopRun_FiveEqualTokens_CutTheAnswerByDefault()
    {
        var call = await SpeakingAsync("no");
        for (var i = 0; i < 4; i++)
        {
            call.Say("no");
        }

        await _agent.StoryAsync("failed:loop-detected");
        var tripped = (await _agent.LogAsync()).OfType<GuardTripped>().Single();
        Assert.Equal(("loop", "cut", "5 equal tokens in a row"), (tripped.Guard, tripped.Action, tripped.Detail));
    }

    [Fact]
    public async Task LoopRun_RepetitionWithABreak_IsNoLoop()
    {
        var call = await SpeakingAsync("a");
        foreach (var word in "a a a b a a a a b".Split(' '))
        {
            call.Say(word);
        }

        call.Finish();
        await _agent.StoryAsync("completed");
    }

    [Fact]
    public async Task StallSeconds_LoweredUnderASilentAnswer_CutsIt()
    {
        _agent.SetGlobal(Global("""{"guards":{"stallSeconds":600},"continuation":{"policy":"stop"}}"""));
        var call = await SpeakingAsync("A");

        _agent.SetGlobal(Global("""{"guards":{"stallSeconds":0.1},"continuation":{"policy":"stop"}}"""));

        await _agent.StoryAsync("failed:stalled");
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Temperature_ChangedWhileAnAnswerStreams_HoldsFromTheNextCall()
    {
        _agent.SetGlobal(Global("""{"temperature":0.1}"""));
        var first = await SpeakingAsync("A");
        Assert.Equal(0.1f, first.Options!.Temperature);
        await AcceptAsync("2", "second"); // its turn was frozen now, its sampling was not

        _agent.SetGlobal(Global("""{"temperature":0.9,"maxOutputTokens":7}"""));
        first.Finish();

        var second = await _agent.Model.NextCallAsync();
        Assert.Equal((0.9f, 1_024), (second.Options!.Temperature, second.Options.MaxOutputTokens));
        second.Say("B");
        second.Finish();
    }

    [Fact]
    public async Task Change_ThatConcernsNothingOfTheRunningAnswer_SaysNothing()
    {
        var call = await SpeakingAsync("A");
        var before = (await _agent.LogAsync()).Count;

        for (var i = 0; i < 50; i++)
        {
            _agent.SetGlobal(new JsonObject
            {
                ["systemPrompt"] = $"P{i}", ["guards"] = new JsonObject { ["stallSeconds"] = i + 10 }, ["temperature"] = i / 100.0,
            });
        }

        call.Say("B");
        call.Finish();
        await _agent.StoryAsync("completed");
        Assert.Equal(["token:B", "completed"], (await _agent.StoryAsync("completed"))[(before - 1)..]);
        Assert.Equal(1, _agent.Model.Calls);
    }

    [Fact]
    public async Task Disposed_Session_LeavesNoSubscription()
    {
        await SpeakingAsync("A");
        Assert.Equal(1, _agent.Subscriptions.Current["session-config"]);

        await _session.DisposeAsync();

        await Poll.UntilAsync(() => _agent.Subscriptions.Current.Values.All(live => live == 0), "no live subscription");
        Assert.False(_agent.Config.HasObservers);
    }

    [Fact]
    public async Task LoopRun_TokensWithoutLetters_AreLayoutAndNumbersUntilThereAreVeryMany()
    {
        var call = await SpeakingAsync("1");
        for (var i = 0; i < 39; i++)
        {
            call.Say("000");
        }

        await Poll.UntilAsync(async () => (await _agent.LogAsync()).OfType<TokenProduced>().Count() == 40, "forty tokens");
        Assert.DoesNotContain(await _agent.LogAsync(), happened => happened is GuardTripped);
        call.Say("000");

        await _agent.StoryAsync("failed:loop-detected");
    }

    [Fact]
    public async Task Patch_LimitTightenedAboveSince_DoesNotKeepFromChangingSomethingElse()
    {
        Assert.IsType<PatchOutcome.Changed>(await _session.PatchAsync(Global("""{"maxOutputTokens":900}"""), default));
        _agent.SetGlobal(Global("""{"maxOutputTokens":500}"""));

        Assert.IsType<PatchOutcome.Changed>(await _session.PatchAsync(Global("""{"verbosity":"terse"}"""), default));
        Assert.IsType<PatchOutcome.Refused>(await _session.PatchAsync(Global("""{"maxOutputTokens":800}"""), default));

        await AcceptAsync("1", "hello");
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal(500, call.Options!.MaxOutputTokens);
        call.Finish();
    }

    [Fact]
    public async Task Patch_UnknownNamesThatAreTakenOut_AreRefusedToo()
    {
        Assert.IsType<PatchOutcome.Refused>(await _session.PatchAsync(Global("""{"temperature":0.5,"Temperature":null}"""), default));
    }

    /// <summary>Gotcha 1: limits that change in mid-conversation, while answers run, never make a prompt and its cap disagree.</summary>
    [Fact]
    public async Task Windows_ChangedInMidConversation_EachTurnKeepsToItsOwn()
    {
        var random = new Random(7);
        var limits = (Window: 1_500, Cap: 300);
        for (var turn = 1; turn <= 25; turn++)
        {
            SetLimits();
            var own = limits;
            await AcceptAsync($"{turn}", $"question {turn} {string.Concat(Enumerable.Repeat("word ", random.Next(5, 120)))}");
            var call = await _agent.Model.NextCallAsync();

            limits = (random.Next(1_024, 3_000), random.Next(50, 500));
            SetLimits(); // while the call runs
            foreach (var word in Enumerable.Range(0, 40))
            {
                call.Say($"{word} ");
            }

            limits = (random.Next(1_024, 3_000), random.Next(50, 500));
            SetLimits();
            call.Finish();
            await Poll.UntilAsync(() => _session.State.Running is null && _session.State.Waiting.IsEmpty, "the turn's end");

            Assert.Equal(own.Cap, call.Options!.MaxOutputTokens);
            var shown = call.Messages.Sum(message => 4 + AgentHarness.CountTokens(message.Text));
            Assert.True(shown + own.Cap <= own.Window || call.Messages.Count == 2, $"turn {turn}: {shown} + {own.Cap} > {own.Window}");
            Assert.Equal(["system", "user"], call.Messages.Take(2).Select(message => message.Role.Value));
            Assert.StartsWith($"question {turn} ", call.Messages[^1].Text, StringComparison.Ordinal);

            // Whole turns, the newest, without a gap.
            var questions = call.Messages.Where(message => message.Role.Value == "user").Select(message => int.Parse(message.Text.Split(' ')[1])).ToList();
            Assert.Equal(Enumerable.Range(turn - questions.Count + 1, questions.Count), questions);
            Assert.Equal(questions.Count - 1, call.Messages.Count(message => message.Role.Value == "assistant"));
        }

        Assert.Equal(50, _session.State.Messages.Count); // nothing is lost: only what is shown is cut

        void SetLimits() => _agent.SetGlobal(new JsonObject { ["contextTokens"] = limits.Window, ["maxOutputTokens"] = limits.Cap });
    }

    private static JsonObject Global(string json) => JsonNode.Parse(json)!.AsObject();

    private Task<InputOutcome> AcceptAsync(string id, string text) =>
        _session.AcceptAsync(new InputRequest { Id = id, Text = text }, TimeProvider.System.GetTimestamp(), default);

    private async Task<FakeCall> SpeakingAsync(string word)
    {
        await AcceptAsync("1", "hello");
        var call = await _agent.Model.NextCallAsync();
        call.Say(word);
        await _agent.StoryAsync($"token:{word}");
        return call;
    }
}
