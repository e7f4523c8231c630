using System.Net.Sockets;
using System.Text;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Signals;

/// <summary>The floor: a bare PUBLISH to as many plain connections, each with its SUBSCRIBE; nothing is stored, checked or parsed.</summary>
internal sealed class RedisFanout(RedisProcess redis) : IFanout
{
    private const string Channel = "bench";

    private readonly List<TcpClient> _subscribers = [];
    private TcpClient? _publisher;
    private volatile Arrivals? _arrivals;
    private int _listening;
    private int _count;

    public string Name => "bare Redis";

    public async Task SubscribeAsync(int count)
    {
        _publisher ??= await ConnectAsync();
        for (var i = _subscribers.Count; i < count; i++)
        {
            var client = await ConnectAsync();
            _subscribers.Add(client);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"SUBSCRIBE {Channel}\r\n"));
            _ = ListenAsync(client);
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _listening) == count, "all subscribers");
    }

    public async Task<Written> WriteAsync()
    {
        var arrivals = _arrivals = new Arrivals(_subscribers.Count);
        var payload = $$"""{"systemPrompt":"You are version {{++_count}}."}""";
        var command = Encoding.ASCII.GetBytes($"*3\r\n$7\r\nPUBLISH\r\n${Channel.Length}\r\n{Channel}\r\n${payload.Length}\r\n{payload}\r\n");
        var sent = TimeProvider.System.GetTimestamp();
        await _publisher!.GetStream().WriteAsync(command);
        await ReadLineAsync(_publisher);
        var accepted = TimeProvider.System.GetTimestamp();
        return new Written(sent, accepted, await arrivals.All);
    }

    public ValueTask DisposeAsync()
    {
        _publisher?.Dispose();
        _subscribers.ForEach(client => client.Dispose());
        return default;
    }

    // One message a write, and the write waits for all: whatever ends in "}\r\n" is the message.
    private async Task ListenAsync(TcpClient client)
    {
        var buffer = new byte[4_096];
        var kept = 0;
        try
        {
            while (await client.GetStream().ReadAsync(buffer.AsMemory(kept)) is > 0 and var read)
            {
                kept += read;
                var text = Encoding.ASCII.GetString(buffer, 0, kept);
                if (text.EndsWith(":1\r\n", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _listening);
                    kept = 0;
                }
                else if (text.EndsWith("}\r\n", StringComparison.Ordinal))
                {
                    _arrivals?.Applied();
                    kept = 0;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var options = StackExchange.Redis.ConfigurationOptions.Parse(redis.ConnectionString);
        var client = new TcpClient { NoDelay = true };
        var endpoint = (System.Net.IPEndPoint)options.EndPoints[0];
        await client.ConnectAsync(endpoint.Address, endpoint.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"AUTH {options.Password}\r\n"));
        await ReadLineAsync(client);
        return client;
    }

    private static async Task ReadLineAsync(TcpClient client)
    {
        var buffer = new byte[256];
        while (await client.GetStream().ReadAsync(buffer) is > 0 and var read && buffer[read - 1] != '\n')
        {
        }
    }
}
