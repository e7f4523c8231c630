using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>Two gateways: one drains, or does not see the same pods as the other.</summary>
public sealed class TwoGatewaysTests(TwoGatewaysTests.OwnSystem system) : IClassFixture<TwoGatewaysTests.OwnSystem>
{
    private const int TakeoversPerMinute = 3; // those that gateways may force

    [Fact]
    public async Task Gateway_DrainedWith200Connections_TellsThemClosesThemAndTheyResumeOnTheOther()
    {
        await using var fleet = new Fleet(system);
        var (process, drained, _) = await SecondGatewayAsync(fleet);
        await using var second = process;
        var conversations = new List<Conversation>();
        for (var i = 0; i < 20; i++)
        {
            conversations.Add(await Conversation.OpenAsync(system, address: drained.Address));
        }

        var sockets = new List<SocketClient>();
        var clients = new List<(Conversation Conversation, Witness Witness)>();
        var turns = await Task.WhenAll(conversations.Select(conversation => conversation.SayAsync("1", "Hello?")));
        for (var i = 0; i < 200; i++)
        {
            var conversation = conversations[i % conversations.Count];
            if (i % 2 == 0)
            {
                clients.Add((conversation, Witness.OfAll(conversation.EventsAsync())));
                continue;
            }

            sockets.Add(await conversation.ConnectAsync());
            clients.Add((conversation, Witness.OfAll(sockets[^1].FramesAsync())));
        }

        await Task.WhenAll(clients.Select(client => client.Witness.ReachedAsync(3)));
        await fleet.DrainAsync(drained, new { softSeconds = 2, hardSeconds = 8 });
        using var direct = new HttpClient { BaseAddress = drained.Address };
        using (var health = await direct.GetAsync("/health"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        }

        var opened = DateTime.UtcNow;
        var young = Witness.OfAll(conversations[0].EventsAsync());
        await young.NoticedAsync();
        Assert.True(DateTime.UtcNow - opened >= TimeSpan.FromSeconds(2), "told before it was as old as that");
        var more = await Task.WhenAll(conversations.Select(conversation => conversation.Through(system.Gateway()).SayAsync("2", "And then?")));

        Assert.Equal(0, await process.ExitAsync());
        foreach (var (i, (conversation, witness)) in clients.Index())
        {
            var before = await witness.SeenUntilBrokenAsync();
            Assert.Equal("maintenance", (string)Assert.Single(witness.Notices)["notice"]!);
            var (other, turn) = (conversation.Through(system.Gateway()), more[i % conversations.Count]);
            Assert.DoesNotContain(before, happened => (string?)happened["turn"] == turn && (string)happened["type"]! == "turn.failed");
            var rest = before.Exists(happened => (string?)happened["turn"] == turn && (string)happened["type"]! == "turn.completed")
                ? []
                : await Witness.Of(i % 2 == 0 ? other.EventsAsync(witness.Cursor) : (await other.ConnectAsync(witness.Cursor)).FramesAsync(), turn).SeenAsync();
            Witness.AssertIsLog([.. before, .. rest], await fleet.LogAsync(conversation.Id));
        }

        Assert.All(sockets, socket => Assert.Equal(1012, socket.Closed));
        Assert.Equal(20, turns.Length);
    }

    [Fact]
    public async Task Gateway_CannotReachTheOwner_TheSessionMovesOnceAndStays()
    {
        await using var fleet = new Fleet(system);
        var (process, gateway, _) = await SecondGatewayAsync(fleet);
        await using var second = process;
        await using var pods = await ProxiedPods.StartAsync(fleet);
        pods.First.CutsOff.Add(gateway.Pid);
        using var conversation = await pods.OpenOnFirstAsync(system);
        using var blind = conversation.Through(system.Gateway(address: gateway.Address));

        var turn = await conversation.SayAsync("1", "Hello?");
        var seen = (Sighted: Witness.Of(conversation.EventsAsync(), turn), Blind: Witness.Of(blind.EventsAsync(), turn));
        Witness.AssertIsLog(await seen.Sighted.SeenAsync(), await fleet.LogAsync(conversation.Id));
        Witness.AssertIsLog(await seen.Blind.SeenAsync(), await fleet.LogAsync(conversation.Id));
        for (var i = 2; i < 6; i++)
        {
            var next = await (i % 2 == 0 ? conversation : blind).SayAsync($"{i}", "And then?");
            Witness.AssertIsLog(await Witness.Of((i % 2 == 0 ? blind : conversation).EventsAsync(), next).SeenAsync(), await fleet.LogAsync(conversation.Id));
        }

        Assert.Equal(2, await fleet.EpochAsync(conversation.Id));
    }

    [Fact]
    public async Task Gateways_EachSeeOnlyOnePod_TheSessionDoesNotGoToAndFro()
    {
        await using var fleet = new Fleet(system);
        var (process, gateway, first) = await SecondGatewayAsync(fleet);
        await using var second = process;
        await using var pods = await ProxiedPods.StartAsync(fleet);
        pods.First.CutsOff.Add(gateway.Pid);
        pods.Second.CutsOff.Add(first.Pid);
        using var conversation = await pods.OpenOnFirstAsync(system);
        using var other = conversation.Through(system.Gateway(address: gateway.Address));

        // Both pull at it; one of them wins.
        var turn = await conversation.SayAsync("1", "Hello?");
        Witness[] witnesses = [Witness.Of(conversation.EventsAsync(), turn), Witness.Of(other.EventsAsync(), turn)];
        var seen = await await Task.WhenAny(witnesses.Select(witness => witness.SeenAsync()));
        for (var i = 2; i < 8; i++)
        {
            using var answer = await (i % 2 == 0 ? system.Gateway() : system.Gateway(address: gateway.Address)).PostAsJsonAsync(
                $"/v1/sessions/{conversation.Id}/inputs", new { id = $"{i}", text = "And then?" });
            Assert.True(answer.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode}");
        }

        Assert.InRange(await fleet.EpochAsync(conversation.Id), 2, 1 + TakeoversPerMinute);
        var log = await fleet.LogAsync(conversation.Id);
        Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(happened => (long)happened["seq"]!));
        Witness.AssertIsPrefix(seen, log);
    }

    private async Task<(ChildProcess Process, Pod Second, Pod First)> SecondGatewayAsync(Fleet fleet)
    {
        var first = (await fleet.ReadyAsync("gateway", 1)).Single();
        var process = Replica.StartLike(first.Pid, "Gateway");
        return (process, (await fleet.ReadyAsync("gateway", 2)).Single(pod => pod.Pid == process.Id), first);
    }

    /// <summary>Two pods that gateways reach through a proxy each, the system's own being drained meanwhile.</summary>
    private sealed class ProxiedPods(Fleet fleet, List<Pod> others, ChildProcess[] processes, CuttingProxy[] proxies) : IAsyncDisposable
    {
        public CuttingProxy First => proxies[0];

        public CuttingProxy Second => proxies[1];

        public static async Task<ProxiedPods> StartAsync(Fleet fleet)
        {
            var others = await fleet.ReadyAsync("agent", 2);
            int[] ports = [LocalPort.Free(), LocalPort.Free()];
            CuttingProxy[] proxies = [CuttingProxy.Start(ports[0]), CuttingProxy.Start(ports[1])];
            ChildProcess[] processes =
            [
                .. ports.Zip(proxies, (port, proxy) =>
                    Replica.StartLike(others[0].Pid, "Agent.Api", port, ("Instance__AdvertisedAddress", $"http://127.0.0.1:{proxy.Port}"))),
            ];
            await fleet.ReadyAsync("agent", 4);
            foreach (var other in others)
            {
                await fleet.DrainAsync(other, new { softSeconds = 0, hardSeconds = 600, exit = false });
            }

            await fleet.ReadyAsync("agent", 2);
            return new ProxiedPods(fleet, others, processes, proxies);
        }

        public async Task<Conversation> OpenOnFirstAsync(SystemFixture system)
        {
            while (true)
            {
                var conversation = await Conversation.OpenAsync(system);
                if ((await fleet.OwnerAsync(conversation.Id))!.Pid == processes[0].Id)
                {
                    return conversation;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }

            foreach (var proxy in proxies)
            {
                await proxy.DisposeAsync();
            }

            foreach (var other in others)
            {
                await fleet.UndrainAsync(other);
            }
        }
    }

    public sealed class OwnSystem : SystemFixture;
}
