using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;
using StackExchange.Redis;

namespace AspireAgent.Agent.EventLog;

/// <summary>
/// This pod's <c>instance:{name}:busy</c>: the sessions in which something runs or waits. A session is in it before the log says so,
/// and until after the log says that it is over: who finds it there when the pod is dead has something to go on with.
/// </summary>
internal sealed class BusySessions(IConnectionMultiplexer redis, LocalInstance local)
{
    private readonly string _key = InstanceKeys.Busy(local.Name);

    public Task AddAsync(string session) => redis.GetDatabase().SetAddAsync(_key, session);

    public Task RemoveAsync(string session) => redis.GetDatabase().SetRemoveAsync(_key, session);

    /// <summary>Nobody has the session any more, and something waits in it: any pod may go on with it, and is told so.</summary>
    public async Task HandOverAsync(string session)
    {
        var db = redis.GetDatabase();
        await db.SetAddAsync(InstanceKeys.Released, session);
        await db.SetRemoveAsync(_key, session);
        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal(InstanceKeys.Released), session);
    }
}
