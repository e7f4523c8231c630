using AspireAgent.Contracts.Budget;

namespace AspireAgent.Budget.Breaker;

/// <summary>An operator's order. Opened by order, the breaker stays open until it is closed by order.</summary>
/// <param name="State">Open or closed.</param>
/// <param name="Reason">For the audit.</param>
/// <param name="Action">What it does while it is open; null: as configured.</param>
internal sealed record BreakerOrder(CostBreakerState State, string? Reason = null, CostAction? Action = null);
