using StackExchange.Redis;

namespace AspireAgent.Testing;

/// <summary>Which Redis-protocol server. All state is tested on both.</summary>
public enum RedisKind
{
    /// <summary><c>redis-server</c> from the PATH.</summary>
    Server,

    /// <summary>Our Redis.Embedded.</summary>
    Garnet,
}

/// <summary>A real server of its own, on a free port, with a password and an empty directory.</summary>
public sealed class RedisProcess : IAsyncDisposable
{
    private const string Password = "test-password";

    private readonly ChildProcess _process;
    private readonly string _data;
    private readonly int _port;

    private RedisProcess(ChildProcess process, string data, int port) => (_process, _data, _port) = (process, data, port);

    public string ConnectionString => Through(_port);

    /// <summary>The port that it listens on.</summary>
    public int Port => _port;

    /// <summary>The same server by way of another port, such as a <see cref="CuttingProxy"/>'s.</summary>
    public static string Through(int port) => $"127.0.0.1:{port},password={Password}";

    public static Task<RedisProcess> StartAsync(RedisKind kind) => StartAsync(kind, []);

    private static async Task<RedisProcess> StartAsync(RedisKind kind, string[] more)
    {
        var (port, data) = (LocalPort.Free(), Directory.CreateTempSubdirectory("aspireagent-redis-").FullName);
        var process = kind is RedisKind.Server
            ? ChildProcess.Start(
                Requires.RedisServer(), ["--port", $"{port}", "--bind", "127.0.0.1", "--requirepass", Password, "--dir", data, "--appendonly", "yes", .. more])
            : ChildProcess.Start(Repository.Program("Redis.Embedded"), environment: new Dictionary<string, string>
            {
                ["REDIS_PORT"] = $"{port}",
                ["REDIS_PASSWORD"] = Password,
                ["REDIS_DATA"] = data,
            });
        var redis = new RedisProcess(process, data, port);
        await using var connection = await redis.ConnectAsync();
        return redis;
    }

    /// <summary>A Redis Cluster of one node that has every slot: it refuses what touches keys of two slots at once.</summary>
    public static async Task<RedisProcess> StartClusterAsync()
    {
        var redis = await StartAsync(RedisKind.Server, ["--cluster-enabled", "yes", "--cluster-port", $"{LocalPort.Free()}"]);
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        var server = connection.GetServer("127.0.0.1", redis.Port);
        await server.ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
        await Poll.UntilAsync(
            async () => (await server.ExecuteAsync("CLUSTER", "INFO")).ToString().Contains("cluster_state:ok", StringComparison.Ordinal), "the cluster");
        return redis;
    }

    /// <summary>A connection, made as soon as the server answers.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => Poll.UntilAsync(
        async () =>
        {
            try
            {
                return await ConnectionMultiplexer.ConnectAsync(ConnectionString);
            }
            catch (RedisConnectionException) when (!_process.HasExited)
            {
                return null;
            }
        },
        "Redis to answer");

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
