using System.Diagnostics.Metrics;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Contracts.Budget;
using AspireAgent.Signals;

namespace AspireAgent.Budget.Breaker;

/// <summary>Where the budget stands, as gauges; every instance tells the same. Steps of the breaker are counted where they were made.</summary>
internal sealed class BudgetMetrics
{
    public const string MeterName = "AspireAgent.Budget";

    private readonly Counter<long> _steps;

    public BudgetMetrics(IMeterFactory meterFactory, ISignal<BudgetStatus> status, LatestBurn burn)
    {
        var meter = meterFactory.Create(MeterName);
        _steps = meter.CreateCounter<long>("aspireagent.budget.breaker.steps", "{step}", "Steps of the cost breaker, by the state it came to and why.");
        Tokens("limit", "Tokens per window.", now => now.LimitTokens);
        Tokens("used", "Tokens that answers have used in the window.", now => now.UsedTokens);
        Tokens("granted", "Tokens given away in the window.", now => now.GrantedTokens);
        Tokens("remaining", "Tokens of the window that nobody has.", now => now.RemainingTokens);
        meter.CreateObservableGauge(
            "aspireagent.budget.velocity", () => OrNone(burn.Current.Rate?.VelocityTokensPerMinute), "{token}/min", "How fast tokens go, over the short window.");
        meter.CreateObservableGauge(
            "aspireagent.budget.baseline", () => OrNone(burn.Current.Rate?.BaselineTokensPerMinute), "{token}/min", "How fast they usually go, over the hour before.");
        meter.CreateObservableGauge(
            "aspireagent.budget.breaker.state", () => (int)(burn.Current.Breaker?.State ?? CostBreakerState.Closed), "{state}", "The cost breaker: 0 closed, 1 half-open, 2 open.");

        void Tokens(string name, string description, Func<BudgetStatus, long> of) => meter.CreateObservableGauge(
            $"aspireagent.budget.{name}", () => OrNone(status.Current is { } now ? of(now.Value) : (long?)null), "{token}", description);
    }

    /// <summary>This instance has moved the breaker.</summary>
    public void Stepped(BreakerStep step) => _steps.Add(
        1, new("aspireagent.state", ToTag(step.Next.State)), new("aspireagent.reason", step.Why));

    internal static string ToTag(CostBreakerState state) => state switch
    {
        CostBreakerState.Open => "open",
        CostBreakerState.HalfOpen => "half-open",
        _ => "closed",
    };

    // What is not known is not measured.
    private static IEnumerable<Measurement<T>> OrNone<T>(T? value)
        where T : struct => value is { } known ? [new Measurement<T>(known)] : [];
}
