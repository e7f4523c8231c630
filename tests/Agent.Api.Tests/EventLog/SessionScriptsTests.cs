using System.Globalization;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.EventLog;

public class SessionScriptsTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Take_ForcedTooOften_IsRefusedUntilAMinuteHasPassed(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "pod"))!;
        for (var i = 0; i < SessionScripts.ForcedTakeoversPerMinute; i++)
        {
            Assert.Null(await agent.Log.TakeAsync(agent.Id, "1.stale", "pod", forced: true)); // counts for nothing
            grant = (await agent.Log.TakeAsync(agent.Id, grant.Token, $"pod-{i}", forced: true))!;
        }

        Assert.Null(await agent.Log.TakeAsync(agent.Id, grant.Token, "ping-pong", forced: true));
        Assert.Equal(grant.Token, (await agent.Log.FindOwnerAsync(agent.Id))!.Token);
        grant = (await agent.Log.TakeAsync(agent.Id, grant.Token, "sweeper"))!; // the dead are taken from however often it was forced
        Assert.Null(await agent.Log.TakeAsync(agent.Id, grant.Token, "ping-pong", forced: true));

        await AgeTakeoversAsync(agent, TimeSpan.FromSeconds(59));
        Assert.Null(await agent.Log.TakeAsync(agent.Id, grant.Token, "ping-pong", forced: true));
        await AgeTakeoversAsync(agent, TimeSpan.FromSeconds(61));
        Assert.NotNull(await agent.Log.TakeAsync(agent.Id, grant.Token, "later", forced: true));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Take_FromAnother_TellsTheFormerOwnerAlone(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var (a, b) = ($"a-{agent.Id}", $"b-{agent.Id}");
        var (toA, toB) = (await ListenAsync(agent, a), await ListenAsync(agent, b));
        var first = (await agent.Log.TakeAsync(agent.Id, "", a))!;
        var again = (await agent.Log.TakeAsync(agent.Id, first.Token, a))!; // from itself
        var second = (await agent.Log.TakeAsync(agent.Id, again.Token, b))!;
        await agent.Log.ReleaseAsync(second, "drain");
        Assert.NotNull(await agent.Log.TakeAsync(agent.Id, second.Token, a)); // from nobody

        Assert.Equal($"{agent.Id} {second.Token}", (await toA.ReadAsync()).Message);
        await agent.Connection.GetSubscriber().PublishAsync(RedisChannel.Literal(InstanceKeys.Taken(a)), "end");
        await agent.Connection.GetSubscriber().PublishAsync(RedisChannel.Literal(InstanceKeys.Taken(b)), "end");
        Assert.Equal("end", (await toA.ReadAsync()).Message);
        Assert.Equal("end", (await toB.ReadAsync()).Message);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Checkpoint_OlderThanWhatIsThere_ChangesNothing(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        var facts = new SessionFacts("demo");
        var events = Enumerable.Range(1, 20).Select(seq => WireJson.Write(new SessionMoved($"{seq}") { Seq = seq })).ToList();
        await agent.Log.AppendAsync(grant, 1, "b", facts, TimeSpan.FromMinutes(1), new LogBatch(events));
        await agent.Log.CheckpointAsync(grant, At(20), 15, TimeSpan.FromMinutes(1), []);

        Assert.Equal(AppendOutcome.Ok, await agent.Log.CheckpointAsync(grant, At(10), 5, TimeSpan.FromMinutes(1), [])); // late

        grant = (await agent.Log.TakeAsync(agent.Id, grant.Token, "b"))!;
        Assert.Equal((20, 15, 20), (grant.LastSeq, grant.FirstKept, grant.CheckpointSeq));
        Assert.Equal(20, (await agent.Log.HydrateAsync(grant)).State.Seq);

        static StoredCheckpoint At(long seq) => StoredCheckpoint.Of(SessionState.Empty with { Seq = seq });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(SessionState.RememberedTurns - 1)]
    public async Task Turns_MoreThanAreKept_TheLastOnesStayReadable(int kept)
    {
        await using var agent = await AgentHarness.StartAsync(servers, RedisKind.Server);
        agent.Options.KeptTurns = kept;
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        var turns = kept + 20;
        SessionState all;
        await using (var writer = agent.Services.Writer(grant, SessionState.Empty with { Tenant = "demo" }, AgentHarness.Writers(grant)))
        {
            all = await WriteTurnsAsync(writer, turns);
            Assert.True(writer.FirstKept > 1, "nothing was trimmed");
        }

        var log = await agent.LogAsync();
        Assert.Equal(all.Seq, log[^1].Seq);
        Assert.InRange(log.OfType<InputAccepted>().Count(), kept, kept + 8); // a checkpoint is not written at the end of each
        Assert.IsType<InputAccepted>(log[0]); // whole turns
        var taken = (await agent.Log.TakeAsync(agent.Id, grant.Token, "b"))!;
        Assert.Equal(all.Messages, (await agent.Log.HydrateAsync(taken)).State.Messages);
    }

    [Theory]
    [InlineData(SessionState.RememberedTurns - 1, false)]
    [InlineData(SessionState.RememberedTurns, true)] // where the one before them begins would not be known
    public void KeptTurns_MoreThanTheStateRemembers_AreRefused(int kept, bool refused) =>
        Assert.Equal(refused, new SessionLifetimeOptionsValidator().Validate(null, new SessionLifetimeOptions { KeptTurns = kept }).Failed);

    [Fact]
    public void Keys_Each_HasTheTagOfItsSession()
    {
        string[] keys = [SessionKeys.Owner("01M8"), SessionKeys.Log("01M8"), SessionKeys.Meta("01M8"), SessionKeys.State("01M8")];

        Assert.All(keys, key => Assert.StartsWith("session:{01M8}:", key, StringComparison.Ordinal));
        Assert.Equal(keys, SessionLog.Keys("01M8").Select(key => key.ToString()));
    }

    private static async Task<SessionState> WriteTurnsAsync(LogWriter writer, int turns)
    {
        var state = SessionState.Empty;
        for (var turn = 1; turn <= turns; turn++)
        {
            var id = $"t{turn}";
            Say(new InputAccepted($"i{turn}", $"question {turn}") { Turn = id });
            Say(new TurnStarted($"i{turn}", new Dictionary<string, long>()) { Turn = id });
            Say(new TokenProduced($"answer {turn} that says some more, so that its checkpoint is due soon after it") { Turn = id });
            Say(new TurnCompleted("stop", new TokenUsage(1, 1), 1) { Turn = id });
            Assert.True(await writer.AcknowledgedAsync(state.Seq, default));
        }

        return state;

        void Say(SessionEvent draft)
        {
            var happened = draft with { Seq = state.Seq + 1, At = DateTimeOffset.UnixEpoch };
            state = state.Apply(happened);
            writer.Enqueue(happened, state);
        }
    }

    private static async Task<ChannelMessageQueue> ListenAsync(AgentHarness agent, string instance) =>
        await agent.Connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal(InstanceKeys.Taken(instance)));

    // As if the forced takeovers that are remembered had been some time ago, by the server's clock.
    private static async Task AgeTakeoversAsync(AgentHarness agent, TimeSpan ago)
    {
        var now = (RedisResult[])(await agent.Connection.GetDatabase().ExecuteAsync("TIME"))!;
        var then = ((long)now[0] * 1000) + ((long)now[1] / 1000) - (long)ago.TotalMilliseconds;
        var text = string.Create(CultureInfo.InvariantCulture, $"{then},{then},{then}");
        await agent.Connection.GetDatabase().HashSetAsync(SessionKeys.Meta(agent.Id), "takeovers", text);
    }
}
