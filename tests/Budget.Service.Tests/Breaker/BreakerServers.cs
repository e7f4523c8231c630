using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>Servers of the breaker's own: it is one for all who share a store, and other tests start the service too.</summary>
public sealed class BreakerServers : IAsyncDisposable
{
    private readonly RedisPair _servers = new();

    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    /// <summary>A connection to a server on which there never was a breaker.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync(RedisKind kind)
    {
        var redis = await (await _servers.GetAsync(kind)).ConnectAsync();
        await redis.GetDatabase().KeyDeleteAsync(["budget:{budget}:breaker", "budget:{budget}:audit", "budget:{budget}:burn", "signal:{config}:snapshot"]);
        return redis;
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();
}
