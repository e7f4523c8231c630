using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using AspireAgent.Contracts.Budget;

namespace AspireAgent.Contracts.Config;

/// <summary>When tokens go too fast, and what is done about it. Limits are the ledger's own: <c>/v1/budget/limits</c>.</summary>
public sealed record BudgetKnobs
{
    [Description("The short window over which burn velocity is taken.")]
    [Range(2.0, 300.0), Unit("seconds")]
    public double VelocityWindowSeconds { get; init; } = 10;

    [Description("How many times the baseline of the last hour velocity may be; over it the cost breaker opens.")]
    [Range(1.1, 1_000.0)]
    public double VelocityFactor { get; init; } = 3;

    [Description("Velocity below this never opens the cost breaker: a quiet system may wake up.")]
    [Range(0, 1_000_000_000), Unit("tokens/minute")]
    public long VelocityFloor { get; init; } = 100_000;

    [Description("History that there must be before velocity is judged at all.")]
    [Range(0.0, 3_600.0), Unit("seconds")]
    public double BaselineMinimumSeconds { get; init; } = 300;

    [Description("What the open cost breaker does with all who are not VIP: pause refuses their new turns, downgrade answers them by the cheap plan.")]
    public CostAction BreakerAction { get; init; } = CostAction.Pause;

    [Description("The cost breaker's time open before it tries again; doubled with each trial that fails, up to sixteen times.")]
    [Range(1.0, 86_400.0), Unit("seconds")]
    public double BreakerCoolDownSeconds { get; init; } = 60;

    [Description("The plan that downgrade moves to; null: the last route of the plan that would have answered.")]
    [StringLength(64, MinimumLength = 1)]
    public string? CheapPlan { get; init; }

    [Description("Tokens that a pod lets VIPs have per minute while the budget service cannot be reached.")]
    [Range(0, 1_000_000_000), Unit("tokens/minute")]
    public long VipTokensOffline { get; init; } = 200_000;
}
