namespace AspireAgent.Agent.Admission.Leases;

/// <summary>How much an account wants ahead of what it has spent.</summary>
internal static class LeaseSize
{
    /// <summary>The most that the wire can say.</summary>
    public const long Most = 1_000_000_000_000;

    // One pod's part of what nobody has. A lease that is too large keeps others from it; one that is too small is asked for more often.
    private const int Share = 8;

    /// <summary>
    /// What those who wait need, or what will be spent soon, whichever is more; with less than half of that left it is filled up. Nobody
    /// waiting, it is at most a share of what is there.
    /// </summary>
    /// <param name="left">Granted and not spent.</param>
    /// <param name="needed">By those who wait.</param>
    /// <param name="soon">By the recent rate.</param>
    /// <param name="remainingTokens">What nobody has; null: not known.</param>
    public static BudgetCost Ahead(BudgetCost left, BudgetCost needed, BudgetCost soon, long? remainingTokens)
    {
        if (remainingTokens / Share is { } share && soon.Tokens > share)
        {
            soon = new BudgetCost(share, (long)(soon.MicroUsd * ((double)share / soon.Tokens)));
        }

        return new BudgetCost(Ahead(left.Tokens, needed.Tokens, soon.Tokens), Ahead(left.MicroUsd, needed.MicroUsd, soon.MicroUsd));
    }

    private static long Ahead(long left, long needed, long soon) => Math.Max(needed, left < soon / 2 ? soon : Math.Max(left, 0));
}
