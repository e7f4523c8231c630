using System.Net.Sockets;
using System.Text;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>Clients that never read: what is meant for them stays in the log.</summary>
public sealed class SlowClientTests(SlowClientTests.OwnSystem system) : IClassFixture<SlowClientTests.OwnSystem>
{
    private const int Clients = 40;
    private const int WordsPerInput = 4_000;
    private const int Inputs = 45;
    private const long MayHold = 10_000_000; // bytes; what is meant for them is eight times that

    [Fact]
    public async Task Clients_ThatNeverRead_HoldNoMemoryAndAreCutOff()
    {
        await using var fleet = new Fleet(system);
        var gateway = (await fleet.ReadyAsync("gateway", 1)).Single();
        using var conversation = await Conversation.OpenAsync(system);
        for (var i = 0; i < Inputs; i++)
        {
            await conversation.UntilEndOfAsync(await conversation.SayAsync($"{i}", string.Join(' ', Enumerable.Repeat("word", WordsPerInput))));
        }

        var before = await ProcessMetrics.ManagedHeapAsync(gateway.Pid);
        await using var metrics = await ProcessMetrics.ListenAsync(gateway.Pid, "AspireAgent.Gateway");
        var sockets = new List<TcpClient>();
        for (var i = 0; i < Clients; i++)
        {
            sockets.Add(await AskAsync(i % 2 == 0 ? "ws" : "events", conversation.Id));
        }

        await Poll.UntilAsync(async () => (await metrics.SoFarAsync()).Sum("aspireagent.subscription.live") >= Clients, "the streams");
        await metrics.DisposeAsync();
        var held = await ProcessMetrics.ManagedHeapAsync(gateway.Pid) - before;

        Assert.True(held < MayHold, $"{held} bytes are held for {Clients} clients that do not read");
        await Poll.UntilAsync(
            async () => (await ProcessMetrics.ReadAsync(gateway.Pid, "AspireAgent.Gateway")).Where(value => value.Key.StartsWith("aspireagent.subscription.live", StringComparison.Ordinal)).Sum(value => value.Value) == 0,
            "the end of the streams");
        sockets.ForEach(socket => socket.Dispose());
    }

    private async Task<TcpClient> AskAsync(string what, string session)
    {
        using var gateway = system.Gateway();
        var client = new TcpClient { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(gateway.BaseAddress!.Host, gateway.BaseAddress.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/sessions/{session}/{what} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {gateway.DefaultRequestHeaders.Authorization}\r\n" +
            (what == "ws" ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" : "\r\n")));
        return client;
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Simulator:Speed=0", "--Connections:StuckTimeout=00:00:15"];
    }
}
