using System.IO.Hashing;
using System.Text;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Routing;

/// <summary>The agents' pods, and which of them has or gets a session.</summary>
internal sealed partial class PodDirectory(
    InstanceRegistry registry, IConnectionMultiplexer redis, TimeProvider time, ILogger<PodDirectory> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);

    private IReadOnlyList<InstanceInfo> _agents = [];

    /// <summary>Agents that take new sessions, as of the last second.</summary>
    public IEnumerable<InstanceInfo> Ready => _agents.Where(agent => agent.State is InstanceState.Ready);

    /// <summary>The pod that a session belongs to: its owner while that lives, else the one chosen by rendezvous hashing. Null: there is no pod.</summary>
    public async Task<InstanceInfo?> PodOfAsync(string session)
    {
        var owner = await redis.GetDatabase().HashGetAsync(SessionKeys.Owner(session), SessionKeys.InstanceField);
        return (owner.IsNull ? null : await registry.FindAsync(owner.ToString())) ?? Choose(session, Ready);
    }

    /// <summary>The pod for a new session.</summary>
    public InstanceInfo? PodForNew(string session) => Choose(session, Ready);

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

    /// <summary>Highest random weight (Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996).</summary>
    internal static InstanceInfo? Choose(string session, IEnumerable<InstanceInfo> agents) =>
        agents.MaxBy(agent => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{session}/{agent.Name}")));

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
