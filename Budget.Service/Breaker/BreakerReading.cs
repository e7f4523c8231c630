using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Breaker;

/// <summary>What the breaker is judged by, at an instant.</summary>
/// <param name="Now">The store's time; seconds since 1970.</param>
/// <param name="Rate">How fast tokens go.</param>
/// <param name="JudgedVelocity">The velocity without what is forgiven.</param>
internal sealed record BreakerReading(double Now, BurnRate Rate, double JudgedVelocity)
{
    // From then on an hour's history is there again.
    private const double BaselineHoldsSeconds = BurnVelocity.BaselineSeconds;

    public static BreakerReading Of(BurnHistory history, double now, BreakerRecord breaker, BudgetKnobs knobs)
    {
        var baseline = BurnVelocity.Baseline(history, now, knobs, breaker.Spikes);
        if (breaker.State is not CostBreakerState.Closed || now - breaker.Since < BaselineHoldsSeconds)
        {
            baseline ??= breaker.Baseline;
        }

        return new BreakerReading(
            now, new BurnRate(BurnVelocity.Of(history, now, knobs), baseline), BurnVelocity.Of(history, now, knobs, breaker.JudgedFrom));
    }

    /// <summary>Whether this velocity opens the breaker. Without a baseline none does.</summary>
    public bool IsOver(BudgetKnobs knobs) =>
        JudgedVelocity > knobs.VelocityFactor * Rate.BaselineTokensPerMinute && JudgedVelocity > knobs.VelocityFloor;
}
