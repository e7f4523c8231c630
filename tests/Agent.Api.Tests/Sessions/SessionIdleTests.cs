using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Sessions;

public sealed class SessionIdleTests(RedisPair servers) : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private AgentHarness _agent = null!;
    private LocalInstance _local = null!;
    private SessionHost _a = null!;
    private SessionHost _b = null!;
    private SessionIdle _idle = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        _agent.Options.PutAsideAfter = TimeSpan.FromSeconds(10);
        _local = AgentHarness.Instance($"a-{_agent.Id}");
        (_a, _b) = (_agent.Host(_local, _time), _agent.Host(AgentHarness.Instance("b")));
        _idle = new SessionIdle(_a, _agent.ServicesOf(_local, _time), _local, _agent.Connection, NullLogger<SessionIdle>.Instance);
        await _idle.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await _idle.StopAsync(default);
        _idle.Dispose();
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task Session_ThatNobodyUses_IsPutAsideAndItsNextInputBringsItBack()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AnswerAsync(session, "1");

        await AdvanceUntilAsync(() => session.Ended.IsCompleted);
        Assert.Equal(SessionEndReason.HandedOver, await session.Ended);
        Assert.Equal(0, _a.Count);
        var owner = (await _agent.Log.FindOwnerAsync(_agent.Id))!;
        Assert.Equal(("", SessionIdle.Released), (owner.Instance, owner.Released));

        await using var back = await _agent.FindOnAsync(_b);
        await AnswerAsync(back, "2");
        Assert.Equal(
            ["input:1", "started:1", "token:answer 1", "completed", "input:2", "started:2", "token:answer 2"],
            (await _agent.StoryAsync("token:answer 2")).Take(7)); // nobody is told of a move
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_ThatIsReadOrAnswers_IsKept(bool isRead)
    {
        var session = await _agent.OpenOnAsync(_a);
        await using var reader = session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default).GetAsyncEnumerator();
        FakeCall? call = null;
        if (isRead)
        {
            await reader.MoveNextAsync();
        }
        else
        {
            await AcceptAsync(session, "1");
            call = await _agent.Model.NextCallAsync();
        }

        // Another one, opened later, is put aside: the sweep has come by this one too.
        var other = Assert.IsType<SessionLookup.Here>(
            await _a.OpenAsync($"o-{_agent.Id}", new SessionOpened("demo", "standard", "user"), new OpenSessionRequest(), null, default)).Session;
        await AdvanceUntilAsync(() => other.Ended.IsCompleted);

        Assert.False(session.Ended.IsCompleted);
        call?.Finish();
    }

    [Fact]
    public async Task Session_TakenByAnother_EndsHereAtOnceThoughNothingIsWritten()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AcceptAsync(session, "1");
        var call = await _agent.Model.NextCallAsync();
        await _agent.StoryAsync("started:1");

        await using var taken = await _agent.FindOnAsync(_b);

        Assert.Equal(SessionEndReason.Fenced, await session.Ended.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(await call.Ended.Task, "the model's call was not cancelled");
        await Poll.UntilAsync(() => _a.Count == 0, "the session to be let go of");
        await _agent.Model.NextCallAsync(); // it goes on there
    }

    [Fact]
    public async Task Session_TakenByAnotherAndTheWordIsLost_EndsWhenThePodLooks()
    {
        _agent.Options.PutAsideAfter = TimeSpan.FromDays(1);
        var session = await _agent.OpenOnAsync(_a);
        Assert.NotNull(await _agent.Log.TakeAsync(_agent.Id, session.Grant.Token, _local.Name)); // a namesake: nobody is told

        await AdvanceUntilAsync(() => session.Ended.IsCompleted);

        Assert.Equal(SessionEndReason.Fenced, await session.Ended);
    }

    private Task AdvanceUntilAsync(Func<bool> isSo) => Poll.UntilAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return isSo();
        },
        "that");

    private async Task AnswerAsync(Session session, string text)
    {
        await AcceptAsync(session, text);
        var call = await _agent.Model.NextCallAsync();
        call.Say($"answer {text}");
        call.Finish();
        await Poll.UntilAsync(() => !session.State.IsBusy, "the turn to end");
    }

    private async Task AcceptAsync(Session session, string text) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = text, Text = text }, _time.GetTimestamp(), default));
}
