using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Budget;

/// <summary>The budget signal: where the whole system stands in the current window of one minute.</summary>
/// <param name="LimitTokens">Tokens per window.</param>
/// <param name="UsedTokens">Tokens settled in the window so far.</param>
/// <param name="WindowEndsAt">When the next window begins, on the store's clock.</param>
public sealed record BudgetStatus(long LimitTokens, long UsedTokens, DateTimeOffset WindowEndsAt)
{
    /// <summary>Tokens left; never negative.</summary>
    public long RemainingTokens => Math.Max(0, LimitTokens - UsedTokens);
}

/// <summary>A new limit; tokens per minute over all pods.</summary>
public sealed record BudgetLimit([property: Range(1, 1_000_000_000_000)] long LimitTokens);

/// <summary>Tokens that one turn used. <paramref name="Turn"/> makes a repeat harmless.</summary>
public sealed record BudgetUse(
    [property: StringLength(64, MinimumLength = 1)] string Turn, [property: Range(0, 1_000_000_000)] long Tokens);
