using System.Globalization;
using AspireAgent.Contracts.Budget;

namespace AspireAgent.Budget.Limits;

/// <summary>A budget's limit as the ledger stores it: <c>{revision} {tokens} {micro-USD} {window, ms} {buckets}</c>; -1 is any, no window is no limit.</summary>
/// <param name="Revision">The store's time when it was set: the newer one holds.</param>
/// <param name="Limit">Null: it was taken away, and that is remembered too.</param>
internal sealed record LimitEntry(long Revision, BudgetLimit? Limit)
{
    /// <summary>Buckets of a sliding window.</summary>
    public const int SlidingBuckets = 12;

    /// <summary>Of the whole system, where no operator has said another: tokens a minute (B1).</summary>
    public static BudgetLimit Default { get; } = new(LimitTokens: 1_000_000);

    /// <summary>What of it the scripts read.</summary>
    public string Terms => Limit is null
        ? "-1 -1 0 0"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Limit.LimitTokens ?? -1} {Limit.LimitMicroUsd ?? -1} {Limit.WindowSeconds * 1_000L} {(Limit.Window is BudgetWindow.Sliding ? SlidingBuckets : 1)}");

    /// <exception cref="FormatException">It is no entry.</exception>
    public static LimitEntry Parse(string text)
    {
        var parts = text.Split(' ');
        return parts is [var revision, var tokens, var money, var window, var buckets]
            ? new LimitEntry(Number(revision), Number(window) == 0 ? null : new BudgetLimit(
                Some(Number(tokens)), Some(Number(money)), (int)(Number(window) / 1_000),
                Number(buckets) == 1 ? BudgetWindow.Fixed : BudgetWindow.Sliding))
            : throw new FormatException("A limit in the store has five numbers.");
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static long? Some(long value) => value < 0 ? null : value;
}
