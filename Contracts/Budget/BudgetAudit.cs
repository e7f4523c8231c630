namespace AspireAgent.Contracts.Budget;

/// <summary>One change of the cost breaker or of a limit, as the audit keeps it.</summary>
/// <param name="At">When, on the store's clock.</param>
/// <param name="By">The operator, or <c>velocity</c>, <c>cool-down</c>, <c>calm</c>, <c>config</c>.</param>
/// <param name="What"><c>breaker</c>, or <c>limit</c> and the budget's name.</param>
/// <param name="From">What it was; null: nothing.</param>
/// <param name="To">What it is; null: nothing.</param>
/// <param name="Reason">Why.</param>
public sealed record BudgetAuditRecord(DateTimeOffset At, string By, string What, string? From = null, string? To = null, string? Reason = null);

/// <summary>The answer of <c>GET /v1/budget/audit</c>, newest first.</summary>
public sealed record BudgetAudit(IReadOnlyList<BudgetAuditRecord> Records);
