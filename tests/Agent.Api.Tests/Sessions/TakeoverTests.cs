using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Sessions;

/// <summary>What becomes of a session whose pod falls silent, on the pod that takes it.</summary>
public sealed class TakeoverTests(RedisPair servers) : IAsyncLifetime
{
    private AgentHarness _agent = null!;
    private SessionHost _a = null!;
    private SessionHost _b = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        (_a, _b) = (_agent.Host(AgentHarness.Instance("a")), _agent.Host(AgentHarness.Instance("b")));
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task Crash_InMidAnswer_GoesOnAfterTheWordsThatTheLogHolds()
    {
        await CutAsync("Hel");
        await using var session = await _agent.FindOnAsync(_b);
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal("system:P1|user:hello|assistant:Hel", call.Prompt);
        Answer(call, "lo");

        Assert.Equal(
            ["input:hello", "started:1", "token:Hel", "moved:crash", "switched:Continuation", "token:lo", "completed"],
            await _agent.StoryAsync("completed"));
        var log = await _agent.LogAsync();
        Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(happened => happened.Seq));
        var first = Assert.Single(log.OfType<TokenProduced>(), token => token.Fingerprint is not null); // named once
        var completed = Assert.IsType<TurnCompleted>(log[^1]);
        Assert.Equal(first.Fingerprint, completed.Fingerprint);
        Assert.Equal((first.At - log[1].At).TotalSeconds, completed.TtftSeconds!.Value, precision: 3);
        Assert.Equal(2 + AgentHarness.CountTokens("Hel"), completed.Usage.Output);
        await AcceptAsync(session, "2", "again");
        call = await _agent.Model.NextCallAsync();
        Assert.Equal("system:P1|user:hello|assistant:Hello|user:again", call.Prompt);
        Answer(call, "ok");
    }

    [Theory]
    [InlineData("policy")]
    [InlineData("route")]
    [InlineData("prompt")]
    [InlineData("tool")]
    public async Task Crash_InMidAnswerThatCannotGoOn_StartsAnew(string why)
    {
        SetGlobal(continuation: why == "policy" ? "restart" : "continue", plan: why == "route" ? "mute-alone" : "fake");
        await CutAsync("Hel", withTool: why == "tool");
        if (why == "prompt")
        {
            _agent.SetGlobal(new JsonObject { ["systemPrompt"] = "P2" });
        }

        await using var session = await _agent.FindOnAsync(_b);
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal(why == "prompt" ? "system:P2|user:hello" : "system:P1|user:hello", call.Prompt);
        Answer(call, "Bonjour");

        var story = await _agent.StoryAsync("completed");
        Assert.Equal(["moved:crash", "switched:Restart", "token:Bonjour", "completed"], story[^4..]);
        var log = await _agent.LogAsync();
        var named = Assert.IsType<TokenProduced>(log[^2]);
        Assert.Equal(BuildId.Hash(why == "prompt" ? "P2" : "P1"), named.BuildId!.Prompt);
        Assert.Equal(named.Fingerprint, Assert.IsType<TurnCompleted>(log[^1]).Fingerprint);
        Assert.Equal(["hello", "Bonjour"], session.State.Messages.Select(message => message.Text));
    }

    [Theory]
    [InlineData("policy")]
    [InlineData("route")]
    [InlineData("prompt")]
    [InlineData("tool")]
    public async Task Crash_InMidAnswerThatIsNotGoneOnWith_EndsAsRetriableAndWhatWaitsGoesOn(string why)
    {
        SetGlobal(continuation: why == "policy" ? "stop" : "continue", plan: why == "route" ? "mute-alone" : "fake", onNoPrefill: "stop");
        var former = await CutAsync("Hel", withTool: why == "tool");
        await AcceptAsync(former, "2", "next");
        if (why == "prompt")
        {
            SetGlobal("continue", "fake", "stop", "P2");
        }

        var time = new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(9));
        await using var b = _agent.Host(AgentHarness.Instance("b"), time);
        await _agent.FindOnAsync(b);
        var call = await _agent.Model.NextCallAsync();
        Assert.EndsWith("|user:next", call.Prompt, StringComparison.Ordinal);
        Answer(call, "ok");

        var story = await _agent.StoryAsync("completed");
        Assert.Equal(["moved:crash", "failed:interrupted", "started:2", "token:ok", "completed"], story[^5..]);
        Assert.True((await _agent.LogAsync()).OfType<TurnFailed>().Single().Retriable);
        Assert.Equal(2, _agent.Model.Calls);
    }

    [Fact]
    public async Task Crash_LongAgo_FailsWhatNobodyWaitsForAnyMore()
    {
        var former = await CutAsync("Hel");
        await AcceptAsync(former, "2", "next");

        await using var b = _agent.Host(AgentHarness.Instance("b"), new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(11)));
        var session = await _agent.FindOnAsync(b);
        Assert.IsType<InputOutcome.Accepted>(await session.AcceptAsync(new InputRequest { Id = "3", Text = "now" }, 0, default));
        Answer(await NextAsync("|user:now"), "ok");

        Assert.Equal(
            ["moved:crash", "failed:interrupted", "failed:interrupted", "input:now", "started:3", "token:ok", "completed"],
            (await _agent.StoryAsync("completed"))[^7..]);
        Assert.All((await _agent.LogAsync()).OfType<TurnFailed>(), failed => Assert.True(failed.Retriable));
    }

    [Fact]
    public async Task TurnThatKillsItsPods_OneAfterTheOther_IsGivenUp()
    {
        await CutAsync("Hel");
        for (var pod = 0; pod < 3; pod++)
        {
            await _agent.FindOnAsync(_agent.Host(AgentHarness.Instance($"victim-{pod}"))); // has no heartbeat, and says nothing
            await _agent.Model.NextCallAsync();
        }

        await _agent.FindOnAsync(_b);

        var story = await _agent.StoryAsync("failed:interrupted");
        Assert.Equal(4, story.Count(told => told == "moved:crash"));
        Assert.False(_agent.Model.HasCalls);
    }

    [Fact]
    public async Task StopAndClose_WhileTheSessionIsHandedOver_AreNotAnswered()
    {
        var former = await CutAsync("Hel");
        await former.HandOverAsync(SessionMoved.Drain);

        Assert.IsType<StopOutcome.Lost>(await former.StopAsync(CancelledBy.User, null, default));
        Assert.False(await former.CloseAsync("test", default));
        Assert.DoesNotContain(await _agent.LogAsync(), happened => happened is SessionClosed or TurnCancelled);
    }

    [Fact]
    public async Task Crash_OfAPodWhoseReleaseNeverReachedRedis_IsNotHeldByItsName()
    {
        var instance = AgentHarness.Instance("a");
        await using var draining = _agent.Host(instance);
        await CutAsync("Hel"); // by another host of that name, whose session ends without a release
        instance.ReportDrain(new DrainStatus(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, 0, true, 0));

        Assert.IsType<SessionLookup.Elsewhere>(await draining.FindAsync(_agent.Id, null, default));

        Assert.Equal("", (await _agent.Log.FindOwnerAsync(_agent.Id))!.Instance);
        Assert.True(await _agent.Connection.GetDatabase().SetContainsAsync(InstanceKeys.Released, _agent.Id));
    }

    [Fact]
    public async Task Hydrate_LogThatCannotBeRead_IsLeftToThoseWhoCan()
    {
        await CutAsync("Hel");
        var db = _agent.Connection.GetDatabase();
        await db.ListSetByIndexAsync(SessionKeys.Log(_agent.Id), 1, "{");

        await Assert.ThrowsAsync<SessionUnreadableException>(() => _b.FindAsync(_agent.Id, null, default));

        Assert.Equal("", (await _agent.Log.FindOwnerAsync(_agent.Id))!.Instance);
        Assert.Equal(SessionMoved.Crash, (await _agent.Log.FindOwnerAsync(_agent.Id))!.Released);
    }

    [Fact]
    public async Task Crash_BeforeTheFirstWord_BeginsAgainWithoutAWord()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AcceptAsync(session, "1", "hello");
        await _agent.Model.NextCallAsync();
        await _agent.StoryAsync("started:1");

        await using var taken = await _agent.FindOnAsync(_b);
        Answer(await _agent.Model.NextCallAsync(), "Hello");

        Assert.Equal(["input:hello", "started:1", "moved:crash", "token:Hello", "completed"], await _agent.StoryAsync("completed"));
    }

    [Fact]
    public async Task Crash_WhileInputsWait_TheyGoOnInTheirOrder()
    {
        var former = await CutAsync("A");
        await AcceptAsync(former, "2", "second");
        await AcceptAsync(former, "3", "third");

        await using var session = await _agent.FindOnAsync(_b);
        foreach (var answer in new[] { "a", "B", "C" })
        {
            Answer(await _agent.Model.NextCallAsync(), answer);
        }

        Assert.Equal(
            ["moved:crash", "switched:Continuation", "token:a", "completed", "started:2", "token:B", "completed", "started:3", "token:C"],
            (await _agent.StoryAsync("token:C")).SkipWhile(told => told != "moved:crash").TakeWhile((_, i) => i < 9));
        await Poll.UntilAsync(() => session.State.Messages.Count == 6, "three turns");
        Assert.Equal(["hello", "Aa", "second", "B", "third", "C"], session.State.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task Input_AcceptedByTheFormerOwner_IsAnsweredAsTheFirstTime()
    {
        var former = await _agent.OpenOnAsync(_a);
        var first = await AcceptAsync(former, "1", "hello"); // comes back with the checkpoint
        Answer(await _agent.Model.NextCallAsync(), "Hi");
        await _agent.StoryAsync("completed");
        var second = await AcceptAsync(former, "2", "again"); // comes back with the log
        await _agent.Model.NextCallAsync();

        await using var session = await _agent.FindOnAsync(_b);

        Assert.Equal(first, await AcceptAsync(session, "1", "hello"));
        Assert.Equal(second, await AcceptAsync(session, "2", "again"));
        Assert.IsType<InputOutcome.Conflict>(await session.AcceptAsync(new InputRequest { Id = "1", Text = "other" }, 0, default));
        Assert.IsType<InputOutcome.Conflict>(await session.AcceptAsync(new InputRequest { Id = "2", Text = "other" }, 0, default));
        Answer(await _agent.Model.NextCallAsync(), "ok");
        Assert.Equal(["input:hello", "input:again"], (await _agent.StoryAsync("token:ok")).Where(told => told.StartsWith("input", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Stop_BeforeTheCutTurnGoesOn_EndsThatTurn()
    {
        var former = await CutAsync("Hel");
        await AcceptAsync(former, "2", "next");

        await using var session = await _agent.FindOnAsync(_b);
        var stopped = await session.StopAsync(CancelledBy.User, null, default); // its configuration is still on its way

        Assert.Equal(new StopOutcome.Stopped((await _agent.LogAsync()).OfType<TurnStarted>().First().Turn), stopped);
        Answer(await NextAsync("|user:next"), "ok");
        var story = await _agent.StoryAsync("completed");
        Assert.Equal(["cancelled:User", "started:2", "token:ok", "completed"], story[^4..]);
    }

    [Fact]
    public async Task Close_BeforeTheCutTurnGoesOn_EndsThatTurnFirst()
    {
        await CutAsync("Hel");

        await using var session = await _agent.FindOnAsync(_b);
        Assert.True(await session.CloseAsync("test", default));

        Assert.Equal(["cancelled:User", "closed"], (await _agent.StoryAsync("closed"))[^2..]);
    }

    [Fact]
    public async Task Leave_WhatComesMeanwhile_BeginsOnTheNextPodOrHereIfItStays()
    {
        var former = await _agent.OpenOnAsync(_a);
        await AcceptAsync(former, "1", "first");
        var call = await _agent.Model.NextCallAsync();
        var left = former.LeaveAsync();
        await AcceptAsync(former, "2", "second");
        Assert.False(left.IsCompleted); // what runs may end

        Answer(call, "A");
        await left;
        former.Stay();
        Answer(await _agent.Model.NextCallAsync(), "B");
        await _agent.StoryAsync("token:B");
        await Poll.UntilAsync(() => !former.State.IsBusy, "the second turn to end");
        await former.LeaveAsync();
        await AcceptAsync(former, "3", "third");
        await former.HandOverAsync(SessionMoved.Drain);
        await _agent.FindOnAsync(_b);
        Answer(await _agent.Model.NextCallAsync(), "C");

        Assert.Equal(["input:third", "moved:drain", "started:3", "token:C"], (await _agent.StoryAsync("token:C")).SkipWhile(told => told != "input:third").Take(4));
    }

    [Fact]
    public async Task HandOver_InMidAnswer_LosesNothingAndIsWaitedFor()
    {
        var former = await CutAsync("Hel");
        await AcceptAsync(former, "2", "next");

        await former.HandOverAsync(SessionMoved.Drain);

        Assert.Equal(SessionEndReason.HandedOver, await former.Ended);
        Assert.True(await _agent.Connection.GetDatabase().SetContainsAsync(InstanceKeys.Released, _agent.Id));
        Assert.False(await _agent.Connection.GetDatabase().SetContainsAsync(InstanceKeys.Busy("a"), _agent.Id));
        Assert.Equal("", (await _agent.Log.FindOwnerAsync(_agent.Id))!.Instance);
        await _agent.FindOnAsync(_b);
        Answer(await _agent.Model.NextCallAsync(), "lo");
        Answer(await _agent.Model.NextCallAsync(), "ok");
        Assert.Equal(
            ["moved:drain", "switched:Continuation", "token:lo", "completed", "started:2", "token:ok"],
            (await _agent.StoryAsync("token:ok")).SkipWhile(told => told != "moved:drain").Take(6));
    }

    [Fact]
    public async Task Cohort_AfterAMove_IsThatOfTheOpening()
    {
        var former = await _agent.OpenOnAsync(_a, cohort: "new-prompt");
        await AcceptAsync(former, "1", "hello");
        Answer(await _agent.Model.NextCallAsync(), "Hi");
        await _agent.StoryAsync("completed");

        await using var session = await _agent.FindOnAsync(_b);

        Assert.Equal("new-prompt", session.State.Cohort);
    }

    [Fact]
    public async Task Find_OwnerIsAlive_IsLeftAloneUnlessItCannotBeReached()
    {
        var registry = new ServiceDefaults.Instances.InstanceRegistry(_agent.Connection);
        await registry.WriteAsync(AgentHarness.Instance("a").Describe()!);
        var former = await _agent.OpenOnAsync(_a);

        Assert.Equal("a", Assert.IsType<SessionLookup.Elsewhere>(await _b.FindAsync(_agent.Id, null, default)).Instance);
        Assert.IsType<SessionLookup.Elsewhere>(await _b.FindAsync(_agent.Id, "1.stale", default));
        Assert.IsType<SessionLookup.Here>(await _b.FindAsync(_agent.Id, former.Grant.Token, default));
        Assert.Equal(["moved:unreachable"], await _agent.StoryAsync("moved:unreachable"));
        await registry.RemoveAsync("a");
    }

    // A session on the first pod, in whose answer something is said and saved; the pod says no more.
    private async Task<Session> CutAsync(string said, bool withTool = false)
    {
        var session = await _agent.OpenOnAsync(_a);
        await AcceptAsync(session, "1", "hello", withTool ? new InputOptions { Tools = JsonElement.Parse("""[{"type":"function","function":{"name":"weather"}}]""") } : null);
        var call = await _agent.Model.NextCallAsync();
        call.Say(said);
        await _agent.StoryAsync($"token:{said}");
        if (withTool)
        {
            call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new FunctionCallContent("c1", "weather")]));
            await _agent.StoryAsync("called:weather");
        }

        return session;
    }

    // A call that was on its way when its turn was stopped may come first.
    private async Task<FakeCall> NextAsync(string promptsEnd)
    {
        while (true)
        {
            var call = await _agent.Model.NextCallAsync();
            if (call.Prompt.EndsWith(promptsEnd, StringComparison.Ordinal))
            {
                return call;
            }
        }
    }

    private void SetGlobal(string continuation, string plan, string onNoPrefill = "restart", string prompt = "P1") => _agent.SetGlobal(new JsonObject
    {
        ["systemPrompt"] = prompt,
        ["plan"] = plan,
        ["continuation"] = new JsonObject { ["policy"] = continuation, ["onNoPrefill"] = onNoPrefill },
    });

    private static async Task<InputReceipt> AcceptAsync(Session session, string id, string text, InputOptions? options = null) =>
        Assert.IsType<InputOutcome.Accepted>(await session.AcceptAsync(
            new InputRequest { Id = id, Text = text, Options = options }, TimeProvider.System.GetTimestamp(), default)).Receipt;

    private static void Answer(FakeCall call, string text)
    {
        call.Say(text);
        call.Finish();
    }
}
