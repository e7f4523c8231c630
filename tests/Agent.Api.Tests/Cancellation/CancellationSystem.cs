using AspireAgent.Streams.Breakers;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>A pod, a simulator and a Redis that nobody else uses: what a drained pod leaves behind is no other test's to find.</summary>
internal sealed class CancellationSystem : IAsyncDisposable
{
    // As many as a burst of hedges may be.
    private const int HedgesAtOnce = 4;

    private readonly RedisProcess _redis;
    private readonly ServiceProcess _simulator;
    private readonly HttpClient _client;
    private readonly OpenConnections _connections;
    private WiredPod _pod = null!;

    private CancellationSystem(RedisProcess redis, ServiceProcess simulator)
    {
        (_redis, _simulator, _client) = (redis, simulator, simulator.Client(null));
        _connections = new OpenConnections(simulator.Address.Port);
        Log = new SimulatorLog(_client);
    }

    public SimulatorLog Log { get; }

    public static async Task<CancellationSystem> StartAsync(RedisKind kind)
    {
        var simulator = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__Speed"] = "0",
            ["Logging__LogLevel__Default"] = "Warning",
        });
        var system = new CancellationSystem(await RedisProcess.StartAsync(kind), simulator);
        try
        {
            system._pod = WiredPod.Start(system._redis, simulator.Address);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_pod?.DisposeAsync() ?? default);
        _connections.Dispose();
        _client.Dispose();
        await _simulator.DisposeAsync();
        await _redis.DisposeAsync();
    }

    /// <summary>Sessions that have asked, one for each try.</summary>
    public Task<Try[]> BeginAsync(Act act, int tries) => Task.WhenAll(Enumerable.Range(0, tries).Select(_ => Try.BeginAsync(_pod, act)));

    /// <summary>The same, caught in the act.</summary>
    public async Task<Try[]> ReachAsync(Act act, int tries)
    {
        var reached = new Try[tries];
        await Parallel.ForAsync(
            0, tries, new ParallelOptions { MaxDegreeOfParallelism = act.HedgesModels ? HedgesAtOnce : tries },
            async (i, _) =>
            {
                reached[i] = await Try.BeginAsync(_pod, act);
                await reached[i].ReachedAsync(Log);
            });
        return reached;
    }

    /// <summary>Makes the turns end, all at once.</summary>
    public Task EndAsync(Cause cause, IEnumerable<Try> tries) =>
        cause is Cause.HardDrain ? _pod.DrainAsync() : Task.WhenAll(tries.Select(one => one.EndAsync(cause)));

    /// <summary>Completes when the simulator has seen, of each single try, that its calls were closed; else says which were not.</summary>
    public async Task SeenAsync(IReadOnlyCollection<Try> tries, Cause cause)
    {
        List<string> missing = [];
        await Poll.UntilAsync(
            async () =>
            {
                missing = await MissingAsync(tries, cause);
                return missing.Count == 0;
            },
            () => $"{missing.Count} of {tries.Count} tries: {string.Join("; ", missing.Take(3))}");
    }

    /// <summary>What the simulator should have seen, and all that it should not.</summary>
    public async Task<List<string>> MissingAsync(IEnumerable<Try> tries, Cause cause)
    {
        var seen = await Log.ReadAsync();
        return [.. tries
            .SelectMany(one => one.Expected(cause), (_, expected) => (expected.Key, expected.Calls, Seen: SimulatorLog.Tell(seen[expected.Key])))
            .Where(one => one.Seen != one.Calls)
            .Select(one => $"try {one.Key}: '{one.Calls}', and not '{one.Seen}'")];
    }

    /// <summary>Completes when nothing runs any more, in this process, by the runtime's own count of connections, and at the simulator.</summary>
    public async Task CalmAsync()
    {
        List<string> running = [];
        await Poll.UntilAsync(
            async () =>
            {
                running = [.. (await Log.ReadAsync()).SelectMany(calls => calls).Where(call => call.State == "running").Select(call => $"{call.Name} of {call.Try}")];
                return running.Count == 0 && _pod.Host.Count == 0 && _connections.Active == 0 && _pod.Subscriptions.Values.All(live => live == 0)
                    && _pod.Routes.All(route => route is { FallbackCalls: 0, State: BreakerState.Closed });
            },
            () => $"calm: {_pod.Host.Count} sessions, {string.Join(' ', _pod.Subscriptions)}, {_connections.Active} connections, {string.Join(' ', running)}");
    }
}
