using System.Diagnostics.Metrics;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.Streams;

namespace AspireAgent.Gateway;

/// <summary>The gateway's own meters.</summary>
internal sealed class GatewayMetrics
{
    public const string MeterName = "AspireAgent.Gateway";

    private static readonly double[] SpliceSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

    private readonly Histogram<double> _splice;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _notices;

    public GatewayMetrics(IMeterFactory meterFactory, SubscriptionCount subscriptions)
    {
        var meter = meterFactory.Create(MeterName);
        _splice = meter.CreateHistogram(
            "aspireagent.gateway.splice", "s", "From the end of a pod's stream to the next pod's answer, by how it ended.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = SpliceSeconds });
        _ended = meter.CreateCounter<long>("aspireagent.gateway.connection.ended", "{connection}", "Clients' streams that ended, by reason.");
        _notices = meter.CreateCounter<long>("aspireagent.gateway.notices", "{notice}", "Notices of maintenance that clients were sent.");
        meter.CreateObservableUpDownCounter(
            "aspireagent.subscription.live",
            () => subscriptions.Current.Select(kind => new Measurement<int>(kind.Value, new KeyValuePair<string, object?>("aspireagent.kind", kind.Key))),
            "{subscription}", "Live subscriptions, by kind.");
    }

    public void Spliced(TimeSpan took, PodStreamEnd end) =>
        _splice.Record(took.TotalSeconds, new KeyValuePair<string, object?>("aspireagent.end", ToTag(end)));

    public void Ended(ConnectionEnd end) => _ended.Add(1, new KeyValuePair<string, object?>("aspireagent.reason", ToTag(end)));

    public void Noticed() => _notices.Add(1);

    internal static string ToTag(ConnectionEnd end) => end switch
    {
        ConnectionEnd.Done => "done",
        ConnectionEnd.Idle => "idle",
        ConnectionEnd.Stuck => "stuck",
        ConnectionEnd.Drained => "drained",
        ConnectionEnd.Unavailable => "unavailable",
        _ => "unknown",
    };

    internal static string ToTag(PodStreamEnd end) => end switch
    {
        PodStreamEnd.Broken => "broken",
        PodStreamEnd.Moved => "moved",
        PodStreamEnd.Silent => "silent",
        _ => "unknown",
    };
}
