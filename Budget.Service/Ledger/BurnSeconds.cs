namespace AspireAgent.Budget.Ledger;

/// <summary>Tokens produced, second by second, on the ledger's clock.</summary>
/// <param name="NowSecond">The present second since 1970; it is not over yet.</param>
/// <param name="Seconds">
/// In order. One that lacks had no pod; one that is over may still grow, by what a pod produced that could not be heard in it.
/// </param>
internal sealed record BurnSeconds(long NowSecond, IReadOnlyList<(long Second, long Tokens)> Seconds);
