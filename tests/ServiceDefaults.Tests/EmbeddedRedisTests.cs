using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Tests;

/// <summary>The embedded server under many clients who want the same.</summary>
public class EmbeddedRedisTests(RedisPair servers)
{
    private const int Clients = 64;
    private const int CallsEach = 50;

    private const string Count = """
        redis.call('RPUSH', KEYS[2], ARGV[1])
        redis.call('LTRIM', KEYS[2], -20, -1)
        return redis.call('INCR', KEYS[1])
        """;

    [Fact]
    public async Task Scripts_OfManyClientsOnTheSameKeys_AreAllAnswered()
    {
        var redis = await servers.GetAsync(RedisKind.Garnet);
        RedisKey[] keys = ["many:{one}:count", "many:{one}:list"];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
            for (var i = 0; i < CallsEach; i++)
            {
                await connection.GetDatabase().ScriptEvaluateAsync(Count, keys, [client]);
            }
        })).WaitAsync(limit.Token);

        await using var reader = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        Assert.Equal(Clients * CallsEach, (int)await reader.GetDatabase().StringGetAsync(keys[0]));
    }
}
