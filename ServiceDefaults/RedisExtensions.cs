using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults;

/// <summary>What StackExchange.Redis leaves to its caller.</summary>
public static class RedisExtensions
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    /// <summary>Subscribes to a channel, as soon as Redis can be reached; from then on the connection does so by itself after a loss.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public static async Task<ChannelMessageQueue> SubscribeAsync(
        this IConnectionMultiplexer redis, string channel, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(redis);
        while (true)
        {
            try
            {
                return await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel));
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                await Task.Delay(RetryEvery, time, cancellationToken);
            }
        }
    }
}
