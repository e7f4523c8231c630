using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Routing;

/// <summary>Where a call about a session goes.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="UnreachableOwner">Fencing token of the owner that this pod is asked to take the session from; null: none.</param>
internal sealed record PodRoute(InstanceInfo Pod, string? UnreachableOwner = null);

/// <summary>The agents' pods, and which of them has or gets a session.</summary>
internal sealed partial class PodDirectory(
    InstanceRegistry registry, IConnectionMultiplexer redis, TimeProvider time, ILogger<PodDirectory> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);

    private IReadOnlyList<InstanceInfo> _agents = [];

    /// <summary>Agents that take new sessions, as of the last second.</summary>
    public IEnumerable<InstanceInfo> Ready => _agents.Where(agent => agent.State is InstanceState.Ready);

    /// <summary>
    /// The pod that a session belongs to: its owner while that lives and is not among the <paramref name="unreached"/> addresses, else
    /// the one chosen by rendezvous hashing. Null: there is no pod.
    /// </summary>
    public async Task<PodRoute?> RouteAsync(string session, IReadOnlyCollection<string> unreached)
    {
        var fields = await redis.GetDatabase().HashGetAsync(
            SessionKeys.Owner(session), [SessionKeys.TokenField, SessionKeys.InstanceField]);
        var owner = fields[1].IsNullOrEmpty ? null : await registry.FindAsync(fields[1].ToString());
        if (owner is not null && !unreached.Contains(owner.Address))
        {
            return new PodRoute(owner);
        }

        var chosen = Rendezvous.Choose(session, Ready.Where(agent => !unreached.Contains(agent.Address)));
        return chosen is not null ? new PodRoute(chosen, owner is null ? null : fields[0].ToString())
            : owner is not null ? new PodRoute(owner)
            : null;
    }

    /// <summary>Looks again, now.</summary>
    public async Task RefreshAsync()
    {
        try
        {
            _agents = [.. (await registry.ListAsync()).Where(instance => instance.Kind is InstanceKind.Agent)];
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogUnreachable(exception.GetType().Name);
        }
    }

    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Ready.Any() ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("No agent is ready."));

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RefreshEvery, time);
        try
        {
            do
            {
                await RefreshAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry of instances cannot be read ({Reason}); the last one known serves.")]
    private partial void LogUnreachable(string reason);
}
