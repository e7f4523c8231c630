using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>An owner that was thought dead comes back to life.</summary>
public sealed class SplitBrainTests(SplitBrainTests.OwnSystem system) : IClassFixture<SplitBrainTests.OwnSystem>
{
    [Fact]
    public async Task Owner_FrozenInMidAnswerAndThawed_ClosesTheSessionAndTheLogHasOneHistory()
    {
        await using var fleet = new Fleet(system);
        await fleet.ReadyAsync("agent", 2);
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", "Tell me all of it.");
        using var socket = await conversation.ConnectAsync();
        Witness[] witnesses = [Witness.Of(conversation.EventsAsync(), turn), Witness.Of(socket.FramesAsync(), turn)];
        await witnesses[0].ReachedAsync(5);
        var frozen = (await fleet.OwnerAsync(conversation.Id))!;

        UnixSignal.Freeze(frozen.Pid);
        List<JsonObject> seen;
        try
        {
            seen = await witnesses[0].SeenAsync();
            Assert.NotEqual(frozen.Name, (await fleet.OwnerAsync(conversation.Id))!.Name);
        }
        finally
        {
            UnixSignal.Thaw(frozen.Pid);
        }

        // It still has the answer's stream in its hands, and what it says now nobody may hear.
        await Poll.UntilAsync(async () => (await fleet.PodsAsync("agent")).Exists(pod => pod.Name == frozen.Name && pod.Sessions == 0), "the owner that was to close it");
        var log = await fleet.LogAsync(conversation.Id);
        Witness.AssertIsLog(seen, log);
        Witness.AssertIsLog(await witnesses[1].SeenAsync(), log);
        Assert.Equal(2, await fleet.EpochAsync(conversation.Id));
        Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(happened => (long)happened["seq"]!));
        Assert.Single(log, happened => (string)happened["type"]! == "session.moved");
        Assert.Single(log, happened => (string)happened["type"]! == "turn.completed");

        var next = Witness.Of(conversation.EventsAsync(), await conversation.SayAsync("2", "And then?"));
        Witness.AssertIsLog(await next.SeenAsync(), await fleet.LogAsync(conversation.Id));
        Assert.Equal(2, await fleet.EpochAsync(conversation.Id));
    }

    public sealed class OwnSystem : SystemFixture;
}
