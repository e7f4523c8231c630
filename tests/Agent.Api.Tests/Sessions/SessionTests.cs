using System.Text.Json.Nodes;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Sessions;

public sealed class SessionTests(RedisPair servers) : IAsyncLifetime
{
    private AgentHarness _agent = null!;

    public async ValueTask InitializeAsync() => _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);

    public ValueTask DisposeAsync() => _agent.DisposeAsync();

    [Fact]
    public async Task Turn_Answered_IsInTheLogWithItsBuildAndTimes()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "hello");
        var call = await _agent.Model.NextCallAsync();
        call.Say("Hi ", "there");
        call.Finish(input: 10, output: 2);

        Assert.Equal(["input:hello", "started:1", "token:Hi ", "token:there", "completed"], await _agent.StoryAsync("completed"));
        Assert.Equal("system:P1|user:hello", call.Prompt);
        var log = await _agent.LogAsync();
        Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(happened => happened.Seq));
        var first = Assert.IsType<TokenProduced>(log[3]);
        Assert.Equal(("fake-1", BuildId.Hash("P1")), (first.BuildId!.Model, first.BuildId.Prompt));
        var completed = Assert.IsType<TurnCompleted>(log[^1]);
        Assert.Equal((new TokenUsage(10, 2), first.Fingerprint), (completed.Usage, completed.Fingerprint));
        Assert.InRange(completed.TtftSeconds!.Value, 0, completed.Seconds);
    }

    [Fact]
    public async Task Turn_Second_IsShownTheFirst()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "hello");
        Answer(await _agent.Model.NextCallAsync(), "Hi");
        await AcceptAsync(session, "2", "again");

        var second = await _agent.Model.NextCallAsync();

        Assert.Equal("system:P1|user:hello|assistant:Hi|user:again", second.Prompt);
        Answer(second, "ok");
    }

    [Fact]
    public async Task Input_WhileATurnRuns_Waits()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "first");
        var first = await _agent.Model.NextCallAsync();
        await AcceptAsync(session, "2", "second");
        Assert.False(_agent.Model.HasCalls);

        Answer(first, "A");
        Answer(await _agent.Model.NextCallAsync(), "B");

        Assert.Equal(
            ["input:first", "started:1", "input:second", "token:A", "completed", "started:2", "token:B", "completed"],
            await StoryOfTwoTurnsAsync());
    }

    [Fact]
    public async Task Input_PolicyInterrupt_CancelsTheRunningTurnAndThoseThatWait()
    {
        _agent.SetGlobal(new JsonObject { ["systemPrompt"] = "P1", ["inputPolicy"] = "interrupt" });
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "first");
        var first = await _agent.Model.NextCallAsync();
        first.Say("A");
        await _agent.StoryAsync("token:A");

        await AcceptAsync(session, "2", "second");

        Assert.True(await first.Ended.Task, "the model's call was not cancelled");
        Answer(await _agent.Model.NextCallAsync(), "B");
        Assert.Equal(
            ["input:first", "started:1", "token:A", "input:second", "cancelled:Interrupt", "started:2", "token:B", "completed"],
            await _agent.StoryAsync("completed"));
    }

    [Fact]
    public async Task Input_SameIdAgain_IsAnsweredAsTheFirstTime()
    {
        await using var session = await _agent.OpenAsync();
        var first = await AcceptAsync(session, "1", "hello");

        Assert.Equal(first, await AcceptAsync(session, "1", "hello"));
        Assert.IsType<InputOutcome.Conflict>(await session.AcceptAsync(new InputRequest { Id = "1", Text = "other" }, 0, default));
        Assert.Single((await _agent.LogAsync()).OfType<InputAccepted>());
        Answer(await _agent.Model.NextCallAsync(), "Hi");
    }

    [Fact]
    public async Task Stop_RunningTurn_CancelsTheCallAndKeepsWhatWasSaid()
    {
        await using var session = await _agent.OpenAsync();
        var receipt = await AcceptAsync(session, "1", "hello");
        var call = await _agent.Model.NextCallAsync();
        call.Say("Hi");
        await _agent.StoryAsync("token:Hi");

        Assert.Equal(new StopOutcome.Stopped(receipt.Turn), await session.StopAsync(CancelledBy.User, null, default));
        Assert.Equal(new StopOutcome.Stopped(null), await session.StopAsync(CancelledBy.User, null, default));

        Assert.True(await call.Ended.Task);
        Assert.Equal(["input:hello", "started:1", "token:Hi", "cancelled:User"], await _agent.StoryAsync("cancelled:User"));
        Assert.Equal(["hello", "Hi"], session.State.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task Stop_ByInput_EndsThatTurnAndNoOther()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "first");
        var first = await _agent.Model.NextCallAsync();
        var second = await AcceptAsync(session, "2", "second");

        Assert.Equal(new StopOutcome.Stopped(null), await session.StopAsync(CancelledBy.Disconnect, "nobody", default));
        Assert.Equal(new StopOutcome.Stopped(second.Turn), await session.StopAsync(CancelledBy.Disconnect, "2", default));
        Answer(first, "A");

        Assert.Equal(
            ["input:first", "started:1", "input:second", "cancelled:Disconnect", "token:A", "completed"], await _agent.StoryAsync("completed"));
        Assert.Equal(new StopOutcome.Stopped(null), await session.StopAsync(CancelledBy.Disconnect, "1", default));
        Assert.False(_agent.Model.HasCalls);
    }

    [Fact]
    public async Task Close_WhileTurnsRunAndWait_EndsEachAndThenTheLog()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "first");
        var call = await _agent.Model.NextCallAsync();
        await AcceptAsync(session, "2", "second");
        var reading = ReadToEndAsync(session, 0);

        await session.CloseAsync("test", default);

        Assert.True(await call.Ended.Task);
        Assert.Equal(
            ["input:first", "started:1", "input:second", "cancelled:User", "cancelled:User", "closed"], await _agent.StoryAsync("closed"));
        Assert.Equal((await _agent.LogAsync()).Select(happened => happened.Seq), await reading);
        Assert.IsType<InputOutcome.Closed>(await session.AcceptAsync(new InputRequest { Id = "3", Text = "late" }, 0, default));
        Assert.IsType<PatchOutcome.Closed>(await session.PatchAsync(new JsonObject { ["temperature"] = 1 }, default));
    }

    [Fact]
    public async Task Config_ChangedWhileAnAnswerStreams_ChangesOnlyTheNextTurn()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "first");
        var first = await _agent.Model.NextCallAsync();
        first.Say("A");
        await _agent.StoryAsync("token:A");
        var before = (await _agent.LogAsync()).Count;

        _agent.SetGlobal(new JsonObject { ["systemPrompt"] = "P2" });
        Assert.Equal(before, (await _agent.LogAsync()).Count);
        first.Say("B");
        first.Finish();
        await _agent.StoryAsync("completed");
        await AcceptAsync(session, "2", "second");

        var second = await _agent.Model.NextCallAsync();
        Assert.StartsWith("system:P2|", second.Prompt, StringComparison.Ordinal);
        Answer(second, "C");
        var log = await Poll.UntilAsync(
            async () => (await _agent.LogAsync()) is { } events && events.OfType<TurnCompleted>().Count() == 2 ? events : null, "two turns");
        Assert.Single(log.OfType<TokenProduced>().Where(token => token.Turn == log.OfType<InputAccepted>().First().Turn), token => token.Fingerprint is not null);
        Assert.Equal([1L, 2L], log.OfType<TurnStarted>().Select(started => started.Revisions["global"]));
    }

    [Fact]
    public async Task Config_OfTheSession_IsCheckedAndTakesEffectWithTheNextInput()
    {
        await using var session = await _agent.OpenAsync();

        Assert.Equal("Forbidden systemPrompt", await RefusalAsync(new JsonObject { ["systemPrompt"] = "mine" }));
        Assert.Equal("Forbidden kill.answers", await RefusalAsync(new JsonObject { ["kill"] = new JsonObject { ["answers"] = false } }));
        Assert.Equal("Forbidden maxOutputTokens", await RefusalAsync(new JsonObject { ["maxOutputTokens"] = 9_999 }));
        Assert.Equal("Invalid temperature", await RefusalAsync(new JsonObject { ["temperature"] = 7 }));
        Assert.Equal("Invalid nothing, temperature", await RefusalAsync(new JsonObject { ["temperature"] = "hot", ["nothing"] = 1 }));
        Assert.IsType<PatchOutcome.Changed>(await session.PatchAsync(new JsonObject { ["temperature"] = 0.5, ["maxOutputTokens"] = 100 }, default));

        await AcceptAsync(session, "1", "hello");
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal((0.5f, 100), (call.Options!.Temperature, call.Options.MaxOutputTokens));
        Answer(call, "Hi");

        async Task<string> RefusalAsync(JsonObject patch) =>
            Assert.IsType<PatchOutcome.Refused>(await session.PatchAsync(patch, default)).Problem switch
            {
                SessionConfigProblem.Forbidden forbidden => $"Forbidden {string.Join(", ", forbidden.Properties)}",
                SessionConfigProblem.Invalid invalid => $"Invalid {string.Join(", ", invalid.Errors.Keys.Order())}",
                var other => other.GetType().Name,
            };
    }

    [Theory]
    [InlineData("standard", "failed:budget-exhausted")]
    [InlineData("vip", "completed")]
    public async Task Budget_UsedUp_RefusesAllButVips(string tier, string end)
    {
        _agent.Leases.Exhausted = TimeSpan.FromSeconds(7);
        await using var session = await _agent.OpenAsync(tier: tier);
        await AcceptAsync(session, "1", "hello");
        if (tier == "vip")
        {
            Answer(await _agent.Model.NextCallAsync(), "Hi");
        }

        await _agent.StoryAsync(end);
        Assert.False(_agent.Model.HasCalls);
    }

    [Theory]
    [InlineData(typeof(HttpRequestException), "model-error", true)]
    [InlineData(typeof(Polly.Timeout.TimeoutRejectedException), "model-timeout", true)]
    [InlineData(typeof(InvalidOperationException), "model-error", true)]
    public async Task Model_Fails_IsAnEventAndTheNextTurnWorks(Type exception, string error, bool retriable)
    {
        _agent.SetGlobal(new JsonObject
        {
            ["resilience"] = new JsonObject { ["retries"] = 0 },
            ["lastResort"] = new JsonObject { ["enabled"] = false },
        });
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "hello");
        (await _agent.Model.NextCallAsync()).Fail((Exception)Activator.CreateInstance(exception, "secret")!);

        await _agent.StoryAsync($"failed:{error}");
        var failed = (await _agent.LogAsync()).OfType<TurnFailed>().Single();
        Assert.Equal(retriable, failed.Retriable);
        await AcceptAsync(session, "2", "again");
        Answer(await _agent.Model.NextCallAsync(), "Hi");
        await _agent.StoryAsync("completed");
    }

    [Fact]
    public async Task Session_TakenByAnother_EndsHereAndCancelsItsCall()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "hello");
        var call = await _agent.Model.NextCallAsync();
        var owner = await _agent.Log.FindOwnerAsync(_agent.Id);
        Assert.NotNull(await _agent.Log.TakeAsync(_agent.Id, owner!.Token, "other-pod"));

        call.Say("too late");

        Assert.Equal(SessionEndReason.Fenced, await session.Ended);
        await session.DisposeAsync();
        Assert.True(await call.Ended.Task);
        Assert.DoesNotContain(await _agent.LogAsync(), happened => happened is TokenProduced);
    }

    [Fact]
    public async Task Reader_AtAnyPlace_SeesTheLogGaplessAndOnceOnly()
    {
        await using var session = await _agent.OpenAsync();
        await AcceptAsync(session, "1", "hello");
        var call = await _agent.Model.NextCallAsync();
        var early = ReadToEndAsync(session, 0);
        call.Say([.. Enumerable.Range(0, 600).Select(i => $"{i} ")]);
        call.Finish();
        await _agent.StoryAsync("completed");
        await session.CloseAsync("test", default);

        var log = (await _agent.LogAsync()).Select(happened => happened.Seq).ToList();
        Assert.Equal(log, await early);
        Assert.Equal(log, await ReadToEndAsync(session, 0));
        Assert.Equal(log.Skip(100), await ReadToEndAsync(session, 100));
    }

    [Fact]
    public async Task Session_Disposed_LeavesNoSubscription()
    {
        await using (var session = await _agent.OpenAsync())
        {
            await AcceptAsync(session, "1", "hello");
            await _agent.Model.NextCallAsync();
            Assert.Equal(1, _agent.Subscriptions.Current["session"]);
        }

        Assert.All(_agent.Subscriptions.Current, kind => Assert.Equal(0, kind.Value));
    }

    private static async Task<InputReceipt> AcceptAsync(Session session, string id, string text) =>
        Assert.IsType<InputOutcome.Accepted>(await session.AcceptAsync(
            new InputRequest { Id = id, Text = text }, TimeProvider.System.GetTimestamp(), default)).Receipt;

    private static void Answer(FakeCall call, string text)
    {
        call.Say(text);
        call.Finish();
    }

    private static async Task<List<long>> ReadToEndAsync(Session session, long after)
    {
        var seen = new List<long>();
        await foreach (var frame in session.Reader.ReadAsync(new Cursor(after, null), TimeSpan.FromSeconds(30), default))
        {
            if (frame.Cursor is { } cursor)
            {
                seen.Add(cursor.Seq);
            }
        }

        return seen;
    }

    private async Task<List<string>> StoryOfTwoTurnsAsync()
    {
        await Poll.UntilAsync(async () => (await _agent.LogAsync()).OfType<TurnCompleted>().Count() == 2, "two turns");
        return await _agent.StoryAsync("completed");
    }
}
