using System.Text.Json.Nodes;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Readers;

/// <summary>A disconnect is not a stop: what the configuration says becomes of an answer whose client has gone.</summary>
public sealed class DisconnectTests(RedisPair servers) : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private AgentHarness _agent = null!;
    private SessionHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        _host = _agent.Host(AgentHarness.Instance("a"), _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Theory]
    [InlineData("continue", 30, 30)]
    [InlineData("cancel", 30, 1)]
    public async Task Disconnect_NobodyComesBack_CancelsWhatRunsAndWaits(string policy, int seconds, int due)
    {
        var (session, call) = await AskAsync(policy, seconds);
        await AcceptAsync(session, "2");
        await ConnectAsync(session);

        _time.Advance(TimeSpan.FromSeconds(due) - TimeSpan.FromMilliseconds(1));
        Assert.False(call.Ended.Task.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(await call.Ended.Task, "the model's call was not cancelled");
        await Poll.UntilAsync(
            async () => (await _agent.LogAsync()).OfType<TurnCancelled>().Count(cancelled => cancelled.By is CancelledBy.Disconnect) == 2,
            "both turns to end");
        Assert.Equal(1, _agent.Model.Calls);
    }

    [Theory]
    [InlineData("continue", true)]
    [InlineData("cancel", true)]
    [InlineData("cancel", false)]
    public async Task Disconnect_OneIsBackInTimeOrStillThere_TheAnswerIsWhole(string policy, bool comesBack)
    {
        var (session, call) = await AskAsync(policy, 30);
        await using var stays = comesBack ? null : session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default).GetAsyncEnumerator();
        await (stays?.MoveNextAsync() ?? ValueTask.FromResult(true));
        await ConnectAsync(session);

        _time.Advance(TimeSpan.FromMilliseconds(900));
        await using var back = comesBack ? session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default).GetAsyncEnumerator() : null;
        await (back?.MoveNextAsync() ?? ValueTask.FromResult(true));
        _time.Advance(TimeSpan.FromMinutes(5));
        call.Say("Hi");
        call.Finish();

        await _agent.StoryAsync("completed");
    }

    [Fact]
    public async Task Session_ThatNobodyReads_AnswersToTheEnd()
    {
        var (_, call) = await AskAsync("cancel", 0);
        _time.Advance(TimeSpan.FromHours(1));
        call.Say("Hi");
        call.Finish();

        await _agent.StoryAsync("completed");
    }

    private async Task<(Session Session, FakeCall Call)> AskAsync(string policy, int seconds)
    {
        _agent.SetGlobal(new JsonObject
        {
            ["systemPrompt"] = "P1", ["disconnect"] = new JsonObject { ["policy"] = policy, ["continueSeconds"] = seconds },
        });
        var session = await _agent.OpenOnAsync(_host);
        await AcceptAsync(session, "1");
        return (session, await _agent.Model.NextCallAsync());
    }

    // A client that comes, reads something and goes.
    private static async Task ConnectAsync(Session session)
    {
        await foreach (var _ in session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default))
        {
            break;
        }
    }

    private async Task AcceptAsync(Session session, string id) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = id, Text = "hello" }, _time.GetTimestamp(), default));
}
