using System.Diagnostics.Metrics;

namespace AspireAgent.Agent.Admission;

/// <summary>The meters of admission. Tiers are the deployment's own, few and known; tenants are not told.</summary>
internal sealed class AdmissionMetrics
{
    // Not put together at each decision: that would be all that one allocates.
    private const string OutcomeTag = "aspireagent.outcome";
    private const string TierTag = "aspireagent.tier";

    private static readonly double[] DurationSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];
    private static readonly long[] SizeTokens = [0, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

    private readonly Counter<long> _admissions;
    private readonly Histogram<long> _sizes;
    private readonly Histogram<double> _syncs;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _owed;

    public AdmissionMetrics(IMeterFactory meterFactory)
    {
        var meter = meterFactory.Create(AgentMetrics.MeterName);
        _admissions = meter.CreateCounter<long>("aspireagent.budget.admissions", "{admission}", "Decisions on turns that wanted to begin, by outcome and tier.");
        _sizes = meter.CreateHistogram(
            "aspireagent.budget.lease.size", "{token}", "What the ledger granted a lease at a time.",
            advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = SizeTokens });
        _syncs = meter.CreateHistogram(
            "aspireagent.budget.sync.duration", "s", "One exchange with the budget service, failed ones too.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationSeconds });
        _failures = meter.CreateCounter<long>("aspireagent.budget.sync.failures", "{failure}", "Exchanges with the budget service that failed or were refused.");
        _owed = meter.CreateCounter<long>("aspireagent.budget.owed", "{token}", "Tokens used beyond what was reserved when no lease had them.");
        meter.CreateObservableGauge("aspireagent.budget.lease.held", () => Held?.Invoke() ?? 0, "{token}", "Granted to this pod and not spent.");
    }

    /// <summary>Sums what is in hand; set by whoever holds it.</summary>
    public Func<long>? Held { get; set; }

    public void Decided(AdmissionOutcome outcome, string tier) => _admissions.Add(1, new(OutcomeTag, ToTag(outcome)), new(TierTag, tier));

    /// <summary>A lease was given more; less is none.</summary>
    public void Granted(long tokens)
    {
        if (tokens > 0)
        {
            _sizes.Record(tokens);
        }
    }

    public void Synced(TimeSpan took, bool ok)
    {
        _syncs.Record(took.TotalSeconds);
        if (!ok)
        {
            _failures.Add(1);
        }
    }

    public void Owed(long tokens) => _owed.Add(tokens);

    internal static string ToTag(AdmissionOutcome outcome) => outcome switch
    {
        AdmissionOutcome.Admitted => "admitted",
        AdmissionOutcome.Vip => "vip",
        AdmissionOutcome.Paused => "paused",
        _ => "refused",
    };
}

/// <summary>What became of a turn that wanted to begin.</summary>
internal enum AdmissionOutcome
{
    /// <summary>Its budget had it.</summary>
    Admitted,

    /// <summary>It passed as a VIP's.</summary>
    Vip,

    /// <summary>Its budget did not have it.</summary>
    Refused,

    /// <summary>The cost breaker was open.</summary>
    Paused,
}
