using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>The store itself dies in mid-answer and comes back: nothing that a client saw is lost, and the answers end.</summary>
public abstract class StoreCrashTests(SystemFixture system)
{
    [Fact]
    public async Task Redis_KilledInMidAnswer_ClientsSeeTheLogAndNothingElse()
    {
        await using var fleet = new Fleet(system);
        var random = new Random(Random.Shared.Next());
        for (var round = 0; round < LongMode.Times(normally: 2, inLongMode: 20); round++)
        {
            await KillOnceAsync(fleet, random, round);
        }
    }

    private async Task KillOnceAsync(Fleet fleet, Random random, int round)
    {
        await fleet.ReadyAsync("agent", 2);
        var redis = (await system.ProcessesAsync(atLeast: 8)).Single(process => process.Key.StartsWith("redis-server", StringComparison.Ordinal));
        using var gateway = system.Gateway();
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", $"Tell me all of {round}.");
        using var socket = await conversation.ConnectAsync();
        Witness[] witnesses = [Witness.Of(conversation.EventsAsync(), turn), Witness.Of(socket.FramesAsync(), turn)];
        var completion = Completion.AskAsync(gateway, $"Explain {round} to me.", _ => { });

        await witnesses[0].ReachedAsync(random.Next(3, 25));
        UnixSignal.Kill(redis.Value);

        foreach (var witness in witnesses)
        {
            var seen = await witness.SeenAsync();
            Witness.AssertIsLog(seen, await fleet.LogAsync(conversation.Id));
            Assert.Equal("turn.completed", (string)seen[^1]["type"]!);
        }

        var answer = await completion;
        Assert.Equal(("stop", true), (answer.Finish, answer.IsDone));
        Assert.Equal(Witness.Tokens(await fleet.LogAsync(answer.Session)), answer.Text);
    }
}

/// <inheritdoc />
public sealed class RedisServerCrashTests(RedisServerCrashTests.OwnSystem system) : StoreCrashTests(system), IClassFixture<RedisServerCrashTests.OwnSystem>
{
    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Restart=true"];
    }
}

/// <inheritdoc />
public sealed class GarnetCrashTests(GarnetCrashTests.OwnSystem system) : StoreCrashTests(system), IClassFixture<GarnetCrashTests.OwnSystem>
{
    public sealed class OwnSystem : SystemFixture
    {
        protected override string RedisMode => "embedded";

        protected override IEnumerable<string> Settings => ["--Restart=true"];
    }
}
