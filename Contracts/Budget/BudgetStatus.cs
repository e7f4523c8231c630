using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Budget;

/// <summary>The budget signal: where the whole system stands in its current window.</summary>
/// <param name="LimitTokens">Tokens per window.</param>
/// <param name="UsedTokens">Tokens that answers have used in the window so far.</param>
/// <param name="WindowEndsAt">When the next window begins, on the store's clock.</param>
/// <param name="GrantedTokens">Tokens given away in the window: used, or in the hands of pods.</param>
/// <param name="Burn">How fast tokens go; null: not known yet.</param>
/// <param name="Breaker">The cost breaker; null: closed, and never was anything else.</param>
public sealed record BudgetStatus(
    long LimitTokens, long UsedTokens, DateTimeOffset WindowEndsAt, long GrantedTokens = 0, BurnRate? Burn = null, CostBreaker? Breaker = null)
{
    /// <summary>Tokens that nobody has; never negative.</summary>
    public long RemainingTokens => Math.Max(0, LimitTokens - Math.Max(UsedTokens, GrantedTokens));
}

/// <summary>How fast tokens are produced, input and output together.</summary>
/// <param name="VelocityTokensPerMinute">Over the short window (<c>budget.velocityWindowSeconds</c>).</param>
/// <param name="BaselineTokensPerMinute">Over the hour before it, without what a spike has burnt; null: there is too little history to tell.</param>
public sealed record BurnRate(double VelocityTokensPerMinute, double? BaselineTokensPerMinute = null);

/// <summary>The cost circuit breaker (S7): open, it pauses or downgrades all who are not VIP.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Action">What it does while it is open.</param>
/// <param name="Since">When it came to this state, on the store's clock.</param>
/// <param name="Until">When it goes on to half-open by itself; null: it does not.</param>
/// <param name="Plan">The plan that others than VIPs are moved to by <see cref="CostAction.Downgrade"/>.</param>
public sealed record CostBreaker(CostBreakerState State, CostAction Action, DateTimeOffset Since, DateTimeOffset? Until = null, string? Plan = null);

/// <summary>States of the cost breaker. The numbers are those of its gauge.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CostBreakerState>))]
public enum CostBreakerState
{
    /// <summary>Everybody is served.</summary>
    [JsonStringEnumMemberName("closed")] Closed = 0,

    /// <summary>Everybody is served again, on trial.</summary>
    [JsonStringEnumMemberName("half-open")] HalfOpen = 1,

    /// <summary>Who is not VIP is paused or downgraded.</summary>
    [JsonStringEnumMemberName("open")] Open = 2,
}

/// <summary>What the open cost breaker does with those who are not VIP.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CostAction>))]
public enum CostAction
{
    /// <summary>Their new turns are refused.</summary>
    [JsonStringEnumMemberName("pause")] Pause,

    /// <summary>Their new turns are answered by the cheap plan.</summary>
    [JsonStringEnumMemberName("downgrade")] Downgrade,
}
