using System.Diagnostics.Metrics;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tools;

/// <summary>The tools' meters. Tools are tagged by names that the deployment gives; one that a model makes up is <see cref="Unknown"/>.</summary>
internal sealed class ToolMetrics
{
    /// <summary>Stands for every tool that there is not.</summary>
    public const string Unknown = "unknown";

    private static readonly double[] DurationSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60];

    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _hedges;

    public ToolMetrics(IMeterFactory meterFactory, ToolHealth health)
    {
        var meter = meterFactory.Create(AgentMetrics.MeterName);
        _calls = meter.CreateCounter<long>("aspireagent.tool.calls", "{call}", "Calls of tools that the agent runs, by outcome.");
        _duration = meter.CreateHistogram(
            "aspireagent.tool.duration", "s", "One call of a tool, its hedge included.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationSeconds });
        _hedges = meter.CreateCounter<long>("aspireagent.tool.hedges", "{hedge}", "Second tools started beside or after a first one, by what became of them.");
        meter.CreateObservableGauge(
            "aspireagent.tool.failed_share", () => health.Current.FailedShare, "1", "Share of the calls within the window that failed.");
    }

    /// <summary>A call is over; null: it was cancelled.</summary>
    public void Called(string tool, ToolOutcome? outcome, TimeSpan took)
    {
        _calls.Add(1, Tag("tool", tool), Tag("outcome", ToTag(outcome)));
        _duration.Record(took.TotalSeconds, Tag("tool", tool), Tag("outcome", ToTag(outcome)));
    }

    public void Hedged(string tool, HedgeOutcome outcome) => _hedges.Add(1, Tag("tool", tool), Tag("outcome", ToTag(outcome)));

    internal static string ToTag(ToolOutcome? outcome) => outcome switch
    {
        null => "cancelled",
        { Error: null } => "ok",
        { Error: ToolReturned.Timeout or ToolReturned.SwitchedOff or ToolReturned.UnknownTool or ToolReturned.BadArguments } => outcome.Error,
        _ => ToolReturned.Failed,
    };

    internal static string ToTag(HedgeOutcome outcome) => outcome switch
    {
        HedgeOutcome.Won => "won",
        HedgeOutcome.Lost => "lost",
        _ => "failed",
    };

    private static KeyValuePair<string, object?> Tag(string name, string value) => new($"aspireagent.{name}", value);
}

/// <summary>What became of a second tool.</summary>
internal enum HedgeOutcome
{
    /// <summary>Its result was taken.</summary>
    Won,

    /// <summary>The first one's was.</summary>
    Lost,

    /// <summary>Neither had one.</summary>
    Failed,
}
