using AspireAgent.Agent.Admission;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests;

public class AgentMetricsTests
{
    public static TheoryData<SessionEvent?, string> Ends { get; } = new()
    {
        { new TurnCompleted("stop", new TokenUsage(1, 1), 1), "completed" },
        { new TurnCancelled(CancelledBy.User), "cancelled" },
        { new TurnFailed("x", true), "failed" },
        { null, "abandoned" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void TurnEnded_EachEnd_HasItsOutcome(SessionEvent? end, string outcome)
    {
        using var provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        using var turns = new MetricCollector<long>(factory, AgentMetrics.MeterName, "aspireagent.turn.ended");
        using var active = new MetricCollector<long>(factory, AgentMetrics.MeterName, "aspireagent.turn.active");
        using var tokens = new MetricCollector<long>(factory, AgentMetrics.MeterName, "aspireagent.turn.tokens");
        var metrics = new AgentMetrics(factory, new SubscriptionCount());

        metrics.TurnStarted();
        metrics.TurnEnded(end, "route", new TokenUsage(3, 4));

        Assert.Equal(outcome, turns.LastMeasurement!.Tags["aspireagent.outcome"]);
        Assert.Equal(0, active.GetMeasurementSnapshot().EvaluateAsCounter());
        Assert.Equal(
            [("input", 3L), ("output", 4L)],
            tokens.GetMeasurementSnapshot().Select(measured => ((string)measured.Tags["aspireagent.direction"]!, measured.Value)));
    }
}
