using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>A WebSocket that sends what no decent client would: bytes (RFC 6455, 5.2).</summary>
internal sealed class RawSocket : IAsyncDisposable
{
    private const byte Final = 0x80;
    private const byte Masked = 0x80;
    private const byte TextOpcode = 1;
    private const byte CloseOpcode = 8;
    private const byte Length16 = 126;

    private readonly TcpClient _client;
    private readonly NetworkStream _stream;

    private RawSocket(TcpClient client) => (_client, _stream) = (client, client.GetStream());

    public static async Task<RawSocket> ConnectAsync(SystemFixture system, string session)
    {
        using var gateway = system.Gateway();
        var client = new TcpClient();
        await client.ConnectAsync(gateway.BaseAddress!.Host, gateway.BaseAddress.Port);
        var socket = new RawSocket(client);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/sessions/{session}/ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: {gateway.DefaultRequestHeaders.Authorization}\r\n" +
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await socket.ReadAsync(1))[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", head.ToString(), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>A whole text frame with a mask of zeros.</summary>
    public static byte[] Text(string text) => [Final | TextOpcode, (byte)(Masked | text.Length), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];

    /// <summary>A close frame.</summary>
    public static byte[] Close(ushort code) => [Final | CloseOpcode, Masked | 2, 0, 0, 0, 0, (byte)(code >> 8), (byte)code];

    public async Task SendAsync(params byte[][] frames)
    {
        foreach (var frame in frames)
        {
            await _stream.WriteAsync(frame);
        }
    }

    /// <summary>The code of the server's close frame, whatever comes before it.</summary>
    public async Task<int> ClosedWithAsync()
    {
        while (true)
        {
            var head = await ReadAsync(2);
            var length = head[1] == Length16 ? BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)) : head[1];
            var payload = await ReadAsync(length);
            if (head[0] == (Final | CloseOpcode))
            {
                return BinaryPrimitives.ReadUInt16BigEndian(payload);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, limit.Token);
        return bytes;
    }
}
