using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Instances;
using StackExchange.Redis;

namespace AspireAgent.Agent.Draining;

/// <summary>
/// Goes on with what nobody goes on with: sessions in which something ran or waited when their pod died or handed them over. All
/// agents sweep; of several that try, one takes the session, and that is the one that a gateway would choose, if it is quick.
/// </summary>
internal sealed partial class BusySweeper(
    SessionHost host, InstanceRegistry registry, LocalInstance local, IConnectionMultiplexer redis, TimeProvider time, ILogger<BusySweeper> logger)
    : BackgroundService
{
    private const int AtOnce = 64;
    private const int MostQuickSweeps = 8; // in a row, where words keep coming
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    // After a Redis that was away all heartbeats have lapsed, and come back within one beat.
    private static readonly TimeSpan DeadAfter = InstanceRegistry.HeartbeatEvery + TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0);
    private readonly Dictionary<string, long> _missingSince = [];
    private HashSet<string> _seen = [];

    /// <inheritdoc />
    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ChannelMessageQueue? released = null;
        var quick = 0;
        try
        {
            released = await redis.SubscribeAsync(InstanceKeys.Released, time, stoppingToken);
            released.OnMessage(_ => _wake.Release());
            while (true)
            {
                var woken = await _wake.WaitAsync(SweepEvery, stoppingToken);
                while (await _wake.WaitAsync(0, CancellationToken.None))
                {
                    // One sweep for many words.
                }

                quick = woken && quick < MostQuickSweeps ? quick + 1 : 0;
                await SweepAsync(onlyReleased: quick > 0, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
        finally
        {
            _ = released?.UnsubscribeAsync(CommandFlags.FireAndForget);
        }
    }

    private async Task SweepAsync(bool onlyReleased, CancellationToken cancellationToken)
    {
        try
        {
            var (alive, dead) = await registry.ListAllAsync();
            InstanceInfo[] ready = [.. alive.Where(instance => instance is { Kind: InstanceKind.Agent, State: InstanceState.Ready })];
            if (local.IsDraining)
            {
                await SweepAsync(InstanceKeys.Busy(local.Name), ready, cancellationToken); // what it could not let go of
                return;
            }

            await SweepAsync(InstanceKeys.Released, ready, cancellationToken);
            if (onlyReleased)
            {
                return;
            }

            await SweepAsync(InstanceKeys.Busy(local.Name), ready, cancellationToken);
            foreach (var name in dead.Where(IsDead).ToList())
            {
                if (await SweepAsync(InstanceKeys.Busy(name), ready, cancellationToken) == 0)
                {
                    await registry.ForgetAsync(name);
                }
            }

            foreach (var back in _missingSince.Keys.Except(dead).ToList())
            {
                _missingSince.Remove(back);
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            _missingSince.Clear(); // who is dead is seen by a Redis that answers
            LogUnreachable(exception.GetType().Name);
        }
    }

    // Returns how many sessions the set held.
    private async Task<long> SweepAsync(string set, InstanceInfo[] ready, CancellationToken cancellationToken)
    {
        var db = redis.GetDatabase();
        var members = (await db.SetRandomMembersAsync(set, AtOnce)).Select(member => member.ToString()).ToHashSet();
        var isOurs = set == InstanceKeys.Busy(local.Name);
        var (mine, seen) = (new List<string>(), _seen.Where(key => !key.StartsWith(set, StringComparison.Ordinal)).ToHashSet());
        foreach (var session in members)
        {
            var key = $"{set} {session}";
            if (isOurs && host.FindLive(session) is not null)
            {
                continue;
            }

            // Whom the others would choose goes first; who comes second has seen it a sweep ago.
            if (_seen.Contains(key) || (!isOurs && Rendezvous.Choose(session, ready)?.Name == local.Name))
            {
                mine.Add(session);
            }
            else
            {
                seen.Add(key);
            }
        }

        _seen = seen;
        await Task.WhenAll(mine.Select(async session =>
        {
            if (await IsCaredForAsync(session, set, cancellationToken))
            {
                await db.SetRemoveAsync(set, session);
            }
        }));
        return members.Count;
    }

    // Whether it is in somebody else's set by now, if anything still runs in it.
    private async Task<bool> IsCaredForAsync(string session, string set, CancellationToken cancellationToken)
    {
        try
        {
            return await host.FindAsync(session, null, cancellationToken) switch
            {
                SessionLookup.Here => set != InstanceKeys.Busy(local.Name),
                SessionLookup.Elsewhere { Instance: var owner } => owner.Length > 0 && set != InstanceKeys.Busy(owner), // the dead may come back
                _ => true,
            };
        }
        catch (SessionUnreadableException)
        {
            return false; // a newer pod may be able to
        }
    }

    private bool IsDead(string name)
    {
        if (!_missingSince.TryGetValue(name, out var since))
        {
            _missingSince[name] = since = time.GetTimestamp();
        }

        return time.GetElapsedTime(since) >= DeadAfter;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What dead pods have left cannot be seen ({Reason}).")]
    private partial void LogUnreachable(string reason);
}
