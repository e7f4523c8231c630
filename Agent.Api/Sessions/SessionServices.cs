using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Signals;
using AspireAgent.Streams;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Sessions;

/// <summary>What every session of this pod shares.</summary>
internal sealed record SessionServices(
    ISignal<AgentConfig> Config, ISignal<BudgetStatus> Budget, TurnPipeline Turns, SessionLog Log, SubscriptionCount Subscriptions,
    AgentMetrics Metrics, IOptions<SessionLifetimeOptions> Options, TimeProvider Time, ILogger<Session> Logger)
{
    /// <summary>A writer for a session that was just taken.</summary>
    public LogWriter Writer(WriteGrant grant, string tenant, bool ephemeral) => new(
        Log, grant, tenant, ephemeral ? Options.Value.EphemeralTimeToLive : Options.Value.TimeToLive, Time, Metrics, Logger);
}
