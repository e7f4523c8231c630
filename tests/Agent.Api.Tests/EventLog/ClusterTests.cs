using System.Text.RegularExpressions;
using AspireAgent.Agent.Draining;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.EventLog;

/// <summary>A session's life on Redis Cluster, which refuses what touches keys of two slots at once.</summary>
public sealed partial class ClusterTests
{
    [Fact]
    public async Task Session_OnACluster_LivesMovesAndIsForgotten()
    {
        await using var redis = await RedisProcess.StartClusterAsync();
        await using var agent = await AgentHarness.StartAsync(redis);
        agent.Options.KeptTurns = 1;
        var (local, db) = (AgentHarness.Instance("b"), agent.Connection.GetDatabase());
        var refused = await Assert.ThrowsAsync<RedisServerException>(() => db.ExecuteAsync("EVAL", "return 1", "2", "session:{1}:log", "session:{2}:log"));
        Assert.Contains("CROSSSLOT", refused.Message, StringComparison.Ordinal);

        await using var a = agent.Host(AgentHarness.Instance("a"));
        await using var b = agent.Host(local);
        var session = await agent.OpenOnAsync(a);
        for (var turn = 1; turn <= 3; turn++)
        {
            await AcceptAsync(session, turn);
            var answered = await agent.Model.NextCallAsync();
            answered.Say($"answer {turn}");
            answered.Finish();
            await Poll.UntilAsync(() => !session.State.IsBusy, "the turn to end");
        }

        await Poll.UntilAsync(async () => (await agent.LogAsync())[0].Seq > 1, "the log to be trimmed");
        await AcceptAsync(session, 4);
        (await agent.Model.NextCallAsync()).Say("cut ");
        await agent.StoryAsync("token:cut ");
        await session.HandOverAsync(SessionMoved.Drain);
        var registry = new InstanceRegistry(agent.Connection);
        await registry.WriteAsync(local.Describe()!);
        using (var sweeper = new BusySweeper(b, registry, local, agent.Connection, TimeProvider.System, NullLogger<BusySweeper>.Instance))
        {
            await sweeper.StartAsync(default);
            var call = await agent.Model.NextCallAsync();
            call.Say("off");
            call.Finish();
            await agent.StoryAsync("token:off");
            await sweeper.StopAsync(default);
        }

        var taken = b.FindLive(agent.Id)!;
        await Poll.UntilAsync(() => !taken.State.IsBusy, "the turn to end");
        Assert.Equal("cut off", taken.State.Messages[^1].Text);
        await b.EraseAsync(taken);
        foreach (var key in SessionLog.Keys(agent.Id))
        {
            Assert.False(await db.KeyExistsAsync(key), $"{key} is still there");
        }
    }

    public static TheoryData<string> Scripts { get; } =
        [SessionScripts.Take, SessionScripts.Append, SessionScripts.Checkpoint, SessionScripts.Release, SessionScripts.Read];

    /// <summary>What a script touches it was given: a cluster finds a script's node by its keys alone.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void Script_Each_TouchesOnlyTheKeysThatItIsGiven(string script)
    {
        var calls = Call().Matches(script).Select(call => (Command: call.Groups[1].Value, First: call.Groups[2].Value)).ToList();

        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.True(call.Command is "TIME" or "PUBLISH" || call.First.StartsWith("KEYS[", StringComparison.Ordinal), $"{call}"));
    }

    private static async Task AcceptAsync(Session session, int id) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = $"{id}", Text = $"question {id}" }, TimeProvider.System.GetTimestamp(), default));

    [GeneratedRegex(@"redis\.p?call\('(\w+)'(?:, ([^,)]+))?")]
    private static partial Regex Call();
}
