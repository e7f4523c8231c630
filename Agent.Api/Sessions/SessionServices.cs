using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Signals;
using AspireAgent.Streams;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Sessions;

/// <summary>What every session of this pod shares.</summary>
internal sealed record SessionServices(
    ConfigSignals Config, ISignal<BudgetStatus> Budget, TurnPipeline Turns, SessionLog Log, BusySessions Busy, SubscriptionCount Subscriptions,
    AgentMetrics Metrics, IOptions<SessionLifetimeOptions> Options, TimeProvider Time, ILogger<Session> Logger)
{
    /// <summary>A writer for a session that was just taken.</summary>
    public LogWriter Writer(WriteGrant grant, SessionState session, WriterHistory writers, bool isListed = false) => new(new LogWriterSettings(
        Log, Busy, grant, new SessionFacts(session.Tenant, session.Group, session.Cohort), writers,
        session.Ephemeral ? Options.Value.EphemeralTimeToLive : Options.Value.TimeToLive, Options.Value.KeptTurns, Time, Metrics, Logger,
        session.IsBusy, isListed));
}
