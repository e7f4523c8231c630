using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Budget;

/// <summary>An operator's order that opens the cost breaker, until it is closed by order.</summary>
/// <param name="Reason">For the audit.</param>
/// <param name="Action">What it does while it is open; null: as configured.</param>
public sealed record OpenCostBreaker(
    [property: StringLength(512)] string? Reason = null,
    [property: EnumDataType(typeof(CostAction))] CostAction? Action = null);

/// <summary>An operator's order that closes the cost breaker; what was burnt before is forgiven.</summary>
/// <param name="Reason">For the audit.</param>
public sealed record CloseCostBreaker([property: StringLength(512)] string? Reason = null);
