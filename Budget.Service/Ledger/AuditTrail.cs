using System.Globalization;
using System.Text.Json;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Budget.Ledger;

/// <summary>What operators and the cost breaker did, on the ledger's clock. The newest thousand are kept.</summary>
internal sealed class AuditTrail(LedgerStore store)
{
    /// <summary>Records kept.</summary>
    public const int Kept = 1_000;

    /// <summary>Adds a record; its time is the ledger's, whatever it says.</summary>
    public Task AddAsync(BudgetAuditRecord record) => store.RunAsync(LedgerScripts.Audit, [store.Keys.Audit], Write(record), Kept);

    /// <summary>The newest <paramref name="most"/> records, the newest first.</summary>
    public async Task<IReadOnlyList<BudgetAuditRecord>> ReadAsync(int most) =>
        [.. (await store.Database.ListRangeAsync(store.Keys.Audit, -most)).Reverse().Select(element => Read(element.ToString()))];

    /// <summary>A record as the scripts store it, after its time.</summary>
    internal static string Write(BudgetAuditRecord record) => JsonSerializer.Serialize(record, WireJson.Types.BudgetAuditRecord);

    // 1763935200000 {"at":"0001-01-01T00:00:00.000Z","by":"ann","what":"limit system",...}
    private static BudgetAuditRecord Read(string element)
    {
        var space = element.IndexOf(' ', StringComparison.Ordinal);
        return JsonSerializer.Deserialize(element.AsSpan(space + 1), WireJson.Tolerant.BudgetAuditRecord)! with
        {
            At = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(element.AsSpan(0, space), CultureInfo.InvariantCulture)),
        };
    }
}
