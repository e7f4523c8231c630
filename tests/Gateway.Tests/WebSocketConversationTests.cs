using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Protocols.WebSockets;
using AspireAgent.Gateway.Routing;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Http;

namespace AspireAgent.Gateway.Tests;

/// <summary>A conversation over a real connection, its session's frames being the test's.</summary>
public sealed class WebSocketConversationTests(RedisPair servers) : IAsyncLifetime
{
    private const string Session = "01M83D42NGE36RDNFRZF1DMNFA";
    private static readonly SessionFrame Token = new("token", "{\"type\":\"token\"}", "1.a");
    private static readonly SessionFrame Ping = new("ping", "{}", null);

    private readonly Channel<SessionFrame> _frames = Channel.CreateUnbounded<SessionFrame>();
    private GatewayHarness _harness = null!;
    private Connection _connection = null!;
    private Stream _wire = null!;
    private WebSocket _client = null!;
    private WebSocket _server = null!;
    private Task _running = null!;

    public async ValueTask InitializeAsync()
    {
        _harness = await GatewayHarness.StartAsync(servers, database: 4);
        _connection = _harness.Connections.Open(new DefaultHttpContext(), "demo", "websocket")!;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var (client, accepting) = (new TcpClient(), listener.AcceptTcpClientAsync());
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        _wire = client.GetStream();
        _client = WebSocket.CreateFromStream(_wire, new WebSocketCreationOptions());
        _server = WebSocket.CreateFromStream((await accepting).GetStream(), new WebSocketCreationOptions { IsServer = true });
        _running = new WebSocketConversation(_server, GatewayHarness.Caller, Session, _harness.Stream, _harness.Pods, _connection)
            .RunAsync(_frames.Reader.ReadAllAsync(), _connection.Closing);
    }

    [Fact]
    public async Task Session_Closed_ClosesNormally()
    {
        await _frames.Writer.WriteAsync(Token);
        _frames.Writer.Complete();

        Assert.Equal("1.a", (string?)(await ReceiveAsync())!["cursor"]);
        await AssertClosedAsync(WebSocketCloseStatus.NormalClosure);
    }

    [Fact]
    public async Task Session_NoAgentGoesOn_IsToTryAgainLater()
    {
        await _frames.Writer.WriteAsync(SessionFrame.Unavailable);
        _frames.Writer.Complete();

        Assert.Equal("error", (string?)(await ReceiveAsync())!["type"]);
        await AssertClosedAsync((WebSocketCloseStatus)1013);
    }

    [Fact]
    public async Task Gateway_Goes_IsAServiceRestart()
    {
        var drain = new DrainStatus(_harness.Time.GetUtcNow(), _harness.Time.GetUtcNow(), 0, true);
        _harness.Local.ReportDrain(drain);
        _ = _harness.Connections.DrainAsync(drain, isTerminating: false, default);

        await AssertClosedAsync((WebSocketCloseStatus)1012);
    }

    [Fact]
    public async Task Nobody_SaysAnything_GoesAway()
    {
        await _frames.Writer.WriteAsync(Token);
        await ReceiveAsync();
        _harness.Time.Advance(TimeSpan.FromHours(2));
        await _frames.Writer.WriteAsync(Ping);
        await _frames.Writer.WriteAsync(Ping);

        await AssertClosedAsync(WebSocketCloseStatus.EndpointUnavailable);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(4001)]
    public async Task Client_Closes_IsAnsweredInKind(int code)
    {
        await _client.CloseOutputAsync((WebSocketCloseStatus)code, "bye", default);
        await AssertClosedAsync((WebSocketCloseStatus)code);
    }

    [Fact]
    public async Task Client_ClosesWithoutACode_IsAnsweredNormally()
    {
        await _wire.WriteAsync(new byte[] { 0x88, 0x80, 0, 0, 0, 0 }); // close, masked, no payload: RFC 6455, section 5.5.1
        await AssertClosedAsync(WebSocketCloseStatus.NormalClosure);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("1.5")]
    [InlineData("-1")]
    [InlineData("\"abc\"")]
    [InlineData("\"4.a23456789b23456789c23456789d23456789\"")]
    public async Task Resume_CursorThatIsNone_IsRefusedAndTheConnectionStays(string after)
    {
        await SayAsync($"{{\"type\":\"resume\",\"id\":\"r\",\"after\":{after}}}");

        var error = await ReceiveAsync();

        Assert.Equal("urn:aspireagent:invalid-request", (string?)error!["problem"]!["type"]);
        Assert.Equal("r", (string?)error["id"]);
        Assert.Empty(_harness.Asked);
        await _frames.Writer.WriteAsync(Token);
        Assert.Equal("token", (string?)(await ReceiveAsync())!["type"]);
    }

    [Theory]
    [InlineData("4")]
    [InlineData("\"4.ab\"")]
    public async Task Resume_Cursor_GoesOnFromThere(string after)
    {
        await _harness.AddAgentsAsync("pod");
        _harness.Answer = (_, _) => Task.FromResult(new HttpResponseMessage
        {
            Content = new StringContent("event: session.closed\nid: 5.ab\ndata: {\"type\":\"session.closed\"}\n\n"),
        });

        await SayAsync($"{{\"type\":\"resume\",\"after\":{after}}}");

        Assert.Equal("5.ab", (string?)(await ReceiveAsync())!["cursor"]);
        await AssertClosedAsync(WebSocketCloseStatus.NormalClosure);
    }

    [Fact]
    public async Task Frame_Giant_IsRefusedAndTheConnectionStays()
    {
        await SayAsync($"{{\"type\":\"input\",\"text\":\"{new string('x', FrameReader.MaxFrameBytes)}\"}}");
        Assert.Equal("urn:aspireagent:frame-too-large", (string?)(await ReceiveAsync())!["problem"]!["type"]);
        await SayAsync("""{"type":"?"}""");
        Assert.Equal("urn:aspireagent:invalid-request", (string?)(await ReceiveAsync())!["problem"]!["type"]);
    }

    [Fact]
    public async Task Frame_InvalidUtf8_ClosesWith1007()
    {
        await _client.SendAsync(new byte[] { 0x22, 0xC3, 0x28, 0x22 }, WebSocketMessageType.Text, endOfMessage: true, default);
        await AssertClosedAsync(WebSocketCloseStatus.InvalidPayloadData);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Abort();
        _frames.Writer.TryComplete();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _connection.Dispose();
        _server.Dispose();
        _client.Dispose();
    }

    private async Task SayAsync(string frame) =>
        await _client.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, endOfMessage: true, default);

    // Null: it was closed.
    private async Task<JsonObject?> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[8_192];
        var part = await _client.ReceiveAsync(buffer.AsMemory(), limit.Token);
        return part.MessageType is WebSocketMessageType.Close ? null : (JsonObject?)JsonNode.Parse(buffer.AsSpan(0, part.Count));
    }

    private async Task AssertClosedAsync(WebSocketCloseStatus status)
    {
        Assert.Null(await ReceiveAsync());
        Assert.Equal(status, _client.CloseStatus);
    }
}
