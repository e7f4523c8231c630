using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>A gateway dies with its clients' connections: they come back through another one by their cursors.</summary>
public sealed class GatewayCrashTests(GatewayCrashTests.OwnSystem system) : IClassFixture<GatewayCrashTests.OwnSystem>
{
    [Fact]
    public async Task Gateway_KilledInMidAnswer_ClientsResumeOnTheOtherWithoutAGap()
    {
        await using var fleet = new Fleet(system);
        for (var round = 0; round < LongMode.Times(normally: 3, inLongMode: 50); round++)
        {
            await KillOnceAsync(fleet, round);
        }
    }

    private async Task KillOnceAsync(Fleet fleet, int round)
    {
        // The one behind the common address stays: the operator's and the tests' own calls go there.
        using var common = system.Gateway();
        var pods = await fleet.ReadyAsync("gateway", 2);
        var (victim, other) = pods[0].Address.Port == common.BaseAddress!.Port ? (pods[1], pods[0]) : (pods[0], pods[1]);
        using var conversation = await Conversation.OpenAsync(system, address: victim.Address);
        var turn = await conversation.SayAsync("1", $"Tell me all of {round}.");
        using var socket = await conversation.ConnectAsync();
        var (events, frames) = (Witness.Of(conversation.EventsAsync(), turn), Witness.Of(socket.FramesAsync(), turn));

        await events.ReachedAsync(Random.Shared.Next(2, 25));
        UnixSignal.Kill(victim.Pid);

        using var later = conversation.Through(system.Gateway(address: other.Address));
        var first = await events.SeenUntilBrokenAsync();
        await AssertGoesOnAsync(first, Witness.Of(later.EventsAsync(events.Cursor), turn));
        var told = await frames.SeenUntilBrokenAsync();
        using var anew = await later.ConnectAsync(told.Count == 0 ? null : $"{told[^1]["seq"]}");
        await AssertGoesOnAsync(told, Witness.Of(anew.FramesAsync(), turn));

        async Task AssertGoesOnAsync(List<System.Text.Json.Nodes.JsonObject> before, Witness after)
        {
            Witness.AssertIsLog([.. before, .. await after.SeenAsync()], await fleet.LogAsync(conversation.Id));
            Assert.Empty(after.Notices);
        }
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Restart=true", "--Gateways:Replicas=2"];
    }
}
