using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.EventLog;

public class SessionLogTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Take_ManyAtOnce_OneWins(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);

        var grants = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => agent.Log.TakeAsync(agent.Id, "", $"pod-{i}")));

        var winner = Assert.Single(grants.OfType<WriteGrant>());
        Assert.Equal((1, 0), (winner.Epoch, winner.LastSeq));
        Assert.Equal(winner.Token, (await agent.Log.FindOwnerAsync(agent.Id))!.Token);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_FormerOwner_IsFenced(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var first = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        Assert.Equal(AppendOutcome.Ok, await AppendAsync(agent, first, 1, "b1", 2));
        var second = (await agent.Log.TakeAsync(agent.Id, first.Token, "b"))!;

        Assert.Equal((2, 2), (second.Epoch, second.LastSeq));
        Assert.Equal(AppendOutcome.Fenced, await AppendAsync(agent, first, 3, "b2", 1));
        Assert.Equal(AppendOutcome.Ok, await AppendAsync(agent, second, 3, "b3", 1));
        Assert.Equal([1L, 2L, 3L], (await agent.LogAsync()).Select(happened => happened.Seq));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_SameBatchAgain_IsOkAndChangesNothing(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;

        Assert.Equal(AppendOutcome.Ok, await AppendAsync(agent, grant, 1, "b1", 3));
        Assert.Equal(AppendOutcome.Ok, await AppendAsync(agent, grant, 1, "b1", 3));
        Assert.Equal(AppendOutcome.Gap, await AppendAsync(agent, grant, 1, "b2", 1));
        Assert.Equal(AppendOutcome.Gap, await AppendAsync(agent, grant, 9, "b3", 1));
        Assert.Equal(3, (await agent.LogAsync()).Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_FromAnyPlace_GivesWhatComesAfterIt(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        await AppendAsync(agent, grant, 1, "b1", 10);

        Assert.Equal([4L, 5L, 6L], (await agent.Log.ReadAsync(agent.Id, 3, 3)).Events.Select(logged => logged.Seq));
        Assert.Empty((await agent.Log.ReadAsync(agent.Id, 10, 3)).Events);
        Assert.Empty((await agent.Log.ReadAsync("nobody", 0, 3)).Events);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_KeysExpireTogether(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        await AppendAsync(agent, grant, 1, "b1", 1);

        var checkpoint = StoredCheckpoint.Of(SessionState.Empty with { Seq = 1 });
        Assert.Equal(AppendOutcome.Ok, await agent.Log.CheckpointAsync(grant, checkpoint, 1, TimeSpan.FromHours(1), []));

        foreach (var key in SessionLog.Keys(agent.Id))
        {
            Assert.NotNull(await agent.Connection.GetDatabase().KeyTimeToLiveAsync(key));
        }
    }

    [Fact]
    public async Task Keys_OfOneSession_ShareASlot()
    {
        await using var agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        Assert.Single(SessionLog.Keys("01M8").Select(key => agent.Connection.GetHashSlot(key)).Distinct());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Writer_ManyEvents_AreReleasedOnlyWhenSavedAndInOrder(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var grant = (await agent.Log.TakeAsync(agent.Id, "", "a"))!;
        await using var writer = agent.Services.Writer(grant, SessionState.Empty with { Tenant = "demo" }, AgentHarness.Writers(grant));
        var released = new List<long>();
        var saved = new List<int>();
        var reading = Task.Run(async () =>
        {
            while (released.Count < 2_000)
            {
                var changed = writer.Tail.Changed;
                var events = writer.Tail.ReadAfter(released.Count) ?? (await agent.Log.ReadAsync(agent.Id, released.Count, 500)).Events;
                if (events.Count == 0)
                {
                    await changed;
                    continue;
                }

                released.AddRange(events.Select(logged => logged.Seq));
                saved.Add((int)await agent.Connection.GetDatabase().ListLengthAsync(SessionKeys.Log(agent.Id)) - released.Count);
            }
        });

        for (var seq = 1; seq <= 2_000; seq++)
        {
            await writer.RoomAsync(default);
            writer.Enqueue(new TokenProduced($"{seq}") { Seq = seq }, SessionState.Empty);
        }

        await reading;
        Assert.Equal(Enumerable.Range(1, 2_000).Select(seq => (long)seq), released);
        Assert.All(saved, ahead => Assert.True(ahead >= 0, "released before it was saved"));
    }

    private static Task<AppendOutcome> AppendAsync(AgentHarness agent, WriteGrant grant, long seq, string batch, int count) =>
        agent.Log.AppendAsync(
            grant, seq, batch, new SessionFacts("demo"), TimeSpan.FromHours(1),
            new LogBatch([.. Enumerable.Range(0, count).Select(i => WireJson.Write(new TokenProduced($"{i}") { Seq = seq + i }))]));
}
