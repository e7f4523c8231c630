using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>Turns whose pod falls silent while a tool runs.</summary>
public sealed class TurnTakeoverTests(RedisPair servers) : IAsyncLifetime
{
    private readonly PlayedTool _look = new("look");
    private readonly PlayedTool _put = new("put", ToolEffect.Idempotent);
    private readonly PlayedTool _send = new("send", ToolEffect.Effectful);
    private AgentHarness _agent = null!;
    private SessionHost _a = null!;
    private SessionHost _b = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet, _look.Tool, _put.Tool, _send.Tool);
        (_a, _b) = (_agent.Host(AgentHarness.Instance("a")), _agent.Host(AgentHarness.Instance("b")));
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Theory]
    [InlineData("look")]
    [InlineData("put")]
    public async Task Pending_ToolThatMayRunAgain_RunsAgainAsTheSameOperation(string name)
    {
        var tool = name == "look" ? _look : _put;
        await CallAsync(("c1", name, """{"city":"Rome"}"""));
        var first = await tool.NextRunAsync();

        await using var session = await _agent.FindOnAsync(_b);
        var again = await tool.NextRunAsync();
        Assert.Equal((first.Operation, "Rome"), (again.Operation, again.City));
        again.Return("done");
        var call = await _agent.Model.NextCallAsync();
        Assert.EndsWith("|tool:(c1) done", PlayedTool.Shown(call), StringComparison.Ordinal);
        Answer(call, "ok");

        Assert.Equal(
            ["input:hello", "started:1", $"called:{name}", "moved:crash", "returned:done", "token:ok", "completed"], await _agent.StoryAsync("completed"));
    }

    [Fact]
    public async Task Pending_ToolOfWhichNobodyKnows_FailsTheTurnAndTheConversationSaysSo()
    {
        await CallAsync(("c1", "look", "{}"), ("c2", "send", "{}"));
        (await _look.NextRunAsync()).Return("sunny");
        await _send.NextRunAsync();
        await _agent.StoryAsync("returned:sunny");

        await using var session = await _agent.FindOnAsync(_b);
        var story = await _agent.StoryAsync("failed:tool-outcome-unknown");
        Assert.Equal(["returned:sunny", "moved:crash", "failed:tool-outcome-unknown"], story[^3..]);
        Assert.True((await _agent.LogAsync()).OfType<TurnFailed>().Single().Retriable);
        Assert.Equal((1, 1), (_look.Runs, _send.Runs));
        await session.AcceptAsync(new InputRequest { Id = "2", Text = "again" }, TimeProvider.System.GetTimestamp(), default);
        Assert.EndsWith("""|tool:(c1) sunny|tool:(c2) {"error":"interrupted"}|user:again""", PlayedTool.Shown(await _agent.Model.NextCallAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pending_OneOfTwoHasReturned_OnlyTheOtherRunsAgain()
    {
        await CallAsync(("c1", "look", "{}"), ("c2", "put", "{}"));
        (await _look.NextRunAsync()).Return("sunny");
        await _put.NextRunAsync();
        await _agent.StoryAsync("returned:sunny");

        await using var session = await _agent.FindOnAsync(_b);
        (await _put.NextRunAsync()).Return("done");
        Assert.EndsWith("|tool:(c1) sunny|tool:(c2) done", PlayedTool.Shown(await _agent.Model.NextCallAsync()), StringComparison.Ordinal);
        Assert.Equal((1, 2), (_look.Runs, _put.Runs));
    }

    [Fact]
    public async Task Pending_LaterStepsThatReuseAnId_AreNotTakenForIt()
    {
        await CallAsync(("c1", "look", "{}"));
        await _look.NextRunAsync();
        await using var session = await _agent.FindOnAsync(_b);
        (await _look.NextRunAsync()).Return("sunny");

        PlayedTool.Call(await _agent.Model.NextCallAsync(), ("c1", "send", "{}"));
        (await _send.NextRunAsync()).Return("sent");
        Answer(await _agent.Model.NextCallAsync(), "ok");

        Assert.Equal(["returned:sunny", "called:send", "returned:sent", "token:ok", "completed"], (await _agent.StoryAsync("completed"))[^5..]);
    }

    [Fact]
    public async Task Cut_BetweenSteps_AsksTheModelWithWhatWasReturned()
    {
        await CallAsync(("c1", "look", "{}"));
        (await _look.NextRunAsync()).Return("sunny");
        await _agent.Model.NextCallAsync(); // of the pod that falls silent

        await using var session = await _agent.FindOnAsync(_b);
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal("system:P1|user:hello|assistant:[c1 look {}]|tool:(c1) sunny", PlayedTool.Shown(call));
        Answer(call, "ok");

        Assert.Equal(["returned:sunny", "moved:crash", "token:ok", "completed"], (await _agent.StoryAsync("completed"))[^4..]);
        Assert.Equal(1, _look.Runs);
    }

    [Fact]
    public async Task HandOver_WhileAToolRuns_CancelsItHereAndRunsItThere()
    {
        var former = await CallAsync(("c1", "look", "{}"));
        var first = await _look.NextRunAsync();
        await former.HandOverAsync(SessionMoved.Drain);
        await first.Cancelled.Task;

        await using var session = await _agent.FindOnAsync(_b);
        var again = await _look.NextRunAsync();
        Assert.Equal(first.Operation, again.Operation);
        again.Return("sunny");
        Answer(await _agent.Model.NextCallAsync(), "ok");

        Assert.Equal(["called:look", "moved:drain", "returned:sunny", "token:ok", "completed"], (await _agent.StoryAsync("completed"))[^5..]);
    }

    // A session on the first pod, whose model has called tools.
    private async Task<Session> CallAsync(params (string Id, string Name, string Arguments)[] calls)
    {
        var session = await _agent.OpenOnAsync(_a);
        await session.AcceptAsync(new InputRequest { Id = "1", Text = "hello" }, TimeProvider.System.GetTimestamp(), default);
        PlayedTool.Call(await _agent.Model.NextCallAsync(), calls);
        return session;
    }

    private static void Answer(FakeCall call, string text)
    {
        call.Say(text);
        call.Finish();
    }
}
