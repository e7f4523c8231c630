using System.Diagnostics.Metrics;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;

namespace AspireAgent.Agent;

/// <summary>The agent's own meters; what the OpenTelemetry GenAI conventions name is measured by Microsoft.Extensions.AI.</summary>
internal sealed class AgentMetrics
{
    public const string MeterName = "AspireAgent.Agent";

    private static readonly double[] TtftSeconds = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30];
    private static readonly double[] AppendSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

    private readonly Histogram<double> _ttft;
    private readonly Histogram<double> _append;
    private readonly Histogram<double> _hydration;
    private readonly Counter<long> _coalesced;
    private readonly Counter<long> _turns;
    private readonly Counter<long> _tokens;
    private readonly UpDownCounter<long> _active;

    public AgentMetrics(IMeterFactory meterFactory, SubscriptionCount subscriptions)
    {
        var meter = meterFactory.Create(MeterName);
        _ttft = meter.CreateHistogram(
            "aspireagent.turn.ttft", "s", "From the complete input to the release of the first saved token.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = TtftSeconds });
        _append = meter.CreateHistogram(
            "aspireagent.log.append", "s", "One append to a session's log, retries included.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = AppendSeconds });
        _hydration = meter.CreateHistogram(
            "aspireagent.session.hydration", "s", "Taking a session over: its state from checkpoint and log, by why it was taken.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = AppendSeconds });
        _coalesced = meter.CreateCounter<long>(
            "aspireagent.reader.coalesced", "{event}", "Tokens that a slow reader was told within others.");
        _turns = meter.CreateCounter<long>("aspireagent.turn.ended", "{turn}", "Turns that ended, by outcome.");
        _tokens = meter.CreateCounter<long>("aspireagent.turn.tokens", "{token}", "Tokens of ended turns, by direction.");
        _active = meter.CreateUpDownCounter<long>("aspireagent.turn.active", "{turn}", "Turns that run now.");
        meter.CreateObservableUpDownCounter(
            "aspireagent.session.active", () => Sessions?.Invoke() ?? 0, "{session}", "Sessions that this pod holds.");
        meter.CreateObservableUpDownCounter(
            "aspireagent.subscription.live",
            () => subscriptions.Current.Select(kind => new Measurement<int>(kind.Value, Tag("kind", kind.Key))),
            "{subscription}", "Live subscriptions, by kind.");
    }

    /// <summary>Counts the live sessions; set by whoever holds them.</summary>
    public Func<int>? Sessions { get; set; }

    public void FirstToken(TimeSpan ttft, string route) => _ttft.Record(ttft.TotalSeconds, Tag("route", route));

    public void Appended(TimeSpan took, int events) =>
        _append.Record(took.TotalSeconds, Tag("batched", events > 1));

    public void Hydrated(TimeSpan took, string why) => _hydration.Record(took.TotalSeconds, Tag("why", why));

    public void Coalesced(int events) => _coalesced.Add(events);

    public void TurnStarted() => _active.Add(1);

    public void TurnEnded(SessionEvent? end, string route, TokenUsage usage)
    {
        _active.Add(-1);
        _turns.Add(1, Tag("outcome", ToTag(end)), Tag("route", route));
        _tokens.Add(usage.Input, Tag("direction", "input"), Tag("route", route));
        _tokens.Add(usage.Output, Tag("direction", "output"), Tag("route", route));
    }

    internal static string ToTag(SessionEvent? end) => end switch
    {
        TurnCompleted => "completed",
        TurnCancelled => "cancelled",
        TurnFailed => "failed",
        _ => "abandoned",
    };

    private static KeyValuePair<string, object?> Tag(string name, object value) => new($"aspireagent.{name}", value);
}
