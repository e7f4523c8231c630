using StackExchange.Redis;

namespace AspireAgent.Signals;

/// <summary>Pub/sub that only wakes: it carries no value, and a wake-up may be lost.</summary>
public static class SignalWakes
{
    /// <summary>Wakes whoever publishes the signal of this kind.</summary>
    public static Task SendAsync(IConnectionMultiplexer redis, string kind)
    {
        ArgumentNullException.ThrowIfNull(redis);
        return redis.GetSubscriber().PublishAsync(Channel(kind), RedisValue.EmptyString);
    }

    /// <summary>Calls <paramref name="woken"/> at each wake-up until the result is disposed.</summary>
    public static async Task<IAsyncDisposable> SubscribeAsync(IConnectionMultiplexer redis, string kind, Action woken)
    {
        ArgumentNullException.ThrowIfNull(redis);
        var queue = await redis.GetSubscriber().SubscribeAsync(Channel(kind));
        queue.OnMessage(_ => woken());
        return new Subscription(queue);
    }

    private static RedisChannel Channel(string kind) => RedisChannel.Literal(SignalKeys.Wake(kind));

    private sealed class Subscription(ChannelMessageQueue queue) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await queue.UnsubscribeAsync();
    }
}
