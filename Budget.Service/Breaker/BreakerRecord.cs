using System.Text.Json.Serialization;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Contracts.Budget;

namespace AspireAgent.Budget.Breaker;

/// <summary>The cost breaker as the store keeps it, for all instances. Instants are seconds since 1970 on the store's clock.</summary>
internal sealed record BreakerRecord
{
    /// <summary>Before the first change: closed since ever.</summary>
    public static BreakerRecord Initial { get; } = new();

    /// <summary>Counts the changes; 0: there was none.</summary>
    public long Revision { get; init; }

    public CostBreakerState State { get; init; }

    public double Since { get; init; }

    /// <summary>When it tries again; null: it does not, since it is not open, or open by order.</summary>
    public double? Until { get; init; }

    public CostAction Action { get; init; }

    /// <summary>The plan of <see cref="CostAction.Downgrade"/>.</summary>
    public string? Plan { get; init; }

    /// <summary>Whether an order named the action: then knobs do not change it.</summary>
    public bool IsActionOrdered { get; init; }

    /// <summary>Revision of the configuration that the action is of: older knobs do not change it.</summary>
    public long KnobRevision { get; init; }

    /// <summary>Trials that have failed in a row.</summary>
    public int Failures { get; init; }

    /// <summary>What was burnt before does not open it.</summary>
    public double JudgedFrom { get; init; }

    /// <summary>The baseline when it opened: it holds on where the spike outlasts the history before it.</summary>
    public double? Baseline { get; init; }

    /// <summary>Since when the baseline leaves out what is burnt; null: it does not, the breaker is closed.</summary>
    public double? LeavesOutFrom { get; init; }

    /// <summary>The spikes of the last hour, which the baseline leaves out; the oldest first, and none overlaps another.</summary>
    public IReadOnlyList<SecondSpan> LeftOut { get; init; } = [];

    /// <summary>All that the baseline leaves out now.</summary>
    [JsonIgnore]
    public IEnumerable<SecondSpan> Spikes =>
        LeavesOutFrom is { } from ? LeftOut.Append(new SecondSpan(from, double.PositiveInfinity)) : LeftOut;

    /// <summary>As the signal tells it.</summary>
    public CostBreaker ToContract() => new(State, Action, Instant(Since), Until is { } until ? Instant(until) : null, Plan);

    /// <summary>As the audit says it: <c>closed</c>, <c>half-open</c>, <c>open (pause)</c>, <c>open (downgrade)</c>, <c>open (downgrade to cheap)</c>.</summary>
    public override string ToString() => (State, Action, Plan) switch
    {
        (CostBreakerState.Closed, _, _) => "closed",
        (CostBreakerState.HalfOpen, _, _) => "half-open",
        (_, CostAction.Pause, _) => "open (pause)",
        (_, _, null) => "open (downgrade)",
        _ => $"open (downgrade to {Plan})",
    };

    /// <summary>Seconds since 1970 as the wire has them.</summary>
    public static DateTimeOffset Instant(double seconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1_000));
}

/// <summary>The record as JSON. Members that a newer instance has added are let pass.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BreakerRecord))]
internal sealed partial class BreakerJson : JsonSerializerContext;
