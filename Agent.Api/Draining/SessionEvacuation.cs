using System.Collections.Concurrent;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using StackExchange.Redis;

namespace AspireAgent.Agent.Draining;

/// <summary>
/// Hands this pod's sessions over: each as soon as no turn runs in it, and at the hard deadline all of them, also in mid-turn.
/// Clients notice nothing: their gateways follow, and the next pod goes on.
/// </summary>
internal sealed class SessionEvacuation(SessionHost host, InstanceRegistry registry, TimeProvider time) : IDrainWork
{
    private const int AtOnce = 16;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    public async Task DrainAsync(DrainStatus drain, bool isTerminating, CancellationToken undrained)
    {
        using var hard = CancellationTokenSource.CreateLinkedTokenSource(undrained);
        var left = drain.HardAt - time.GetUtcNow();
        await using var timer = time.CreateTimer(_ => hard.Cancel(), null, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        var leaving = new ConcurrentDictionary<Session, Task>();
        try
        {
            // A pod that is alone keeps what it has as long as it may; one that is told to end keeps what runs.
            while (!isTerminating && !await HasSuccessorAsync())
            {
                await Task.Delay(LookEvery, time, hard.Token);
            }

            await LeaveAllAsync(leaving, hard.Token, undrained);
        }
        catch (OperationCanceledException) when (hard.IsCancellationRequested && !undrained.IsCancellationRequested)
        {
            await Parallel.ForEachAsync(
                host.Sessions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = undrained },
                async (session, _) => await session.HandOverAsync(SessionMoved.Drain));
        }
        finally
        {
            await Task.WhenAll(leaving.Values); // none of them stays after a next order has begun
        }
    }

    // None is made or taken meanwhile, but one may just have been.
    private async Task LeaveAllAsync(ConcurrentDictionary<Session, Task> leaving, CancellationToken hard, CancellationToken undrained)
    {
        while (host.Count > 0)
        {
            foreach (var session in host.Sessions)
            {
                _ = leaving.GetOrAdd(session, _ => LeaveAsync(session, hard, undrained));
            }

            await Task.Delay(LookEvery, time, hard);
        }
    }

    private static async Task LeaveAsync(Session session, CancellationToken hard, CancellationToken undrained)
    {
        try
        {
            await session.LeaveAsync().WaitAsync(hard);
            await session.HandOverAsync(SessionMoved.Drain);
        }
        catch (OperationCanceledException) when (undrained.IsCancellationRequested)
        {
            session.Stay();
        }
        catch (OperationCanceledException) when (hard.IsCancellationRequested)
        {
            // It goes with the others.
        }
    }

    // A registry that cannot be read names nobody who could take over.
    private async Task<bool> HasSuccessorAsync()
    {
        try
        {
            return (await registry.ListAsync()).Any(instance => instance is { Kind: InstanceKind.Agent, State: InstanceState.Ready });
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return false;
        }
    }
}
