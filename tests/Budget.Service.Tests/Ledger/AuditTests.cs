using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>The audit, in the store.</summary>
public class AuditTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Audit_OfLimitsAndOthers_IsReadNewestFirstOnTheLedgersClock(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await ledger.LimitAsync("tenant/acme", 5);
        ledger.Now += 1_000;
        await ledger.Limits.SetAsync("tenant/acme", null, "bob", "gone", default);
        await ledger.Audit.AddAsync(new BudgetAuditRecord(default, "velocity", "breaker", "closed", "open", "too fast"));

        var at = DateTimeOffset.FromUnixTimeMilliseconds(LedgerHarness.Start);
        const string Limit = """{"limitTokens":5,"windowSeconds":60,"window":"fixed"}""";
        Assert.Equal(
            [
                new BudgetAuditRecord(at.AddSeconds(1), "velocity", "breaker", "closed", "open", "too fast"),
                new BudgetAuditRecord(at.AddSeconds(1), "bob", "limit tenant/acme", Limit, null, "gone"),
                new BudgetAuditRecord(at, "ann", "limit tenant/acme", null, Limit, null),
            ],
            await ledger.Audit.ReadAsync(10));
        Assert.Equal("breaker", Assert.Single(await ledger.Audit.ReadAsync(1)).What);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Audit_OfMoreThanAThousand_KeepsTheNewest(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await Task.WhenAll(Enumerable.Range(0, AuditTrail.Kept + 10).Select(i => ledger.Audit.AddAsync(new BudgetAuditRecord(default, "x", $"{i}", null, null, null))));

        var kept = await ledger.Audit.ReadAsync(AuditTrail.Kept);
        Assert.Equal(AuditTrail.Kept, kept.Count);
        Assert.Equal(AuditTrail.Kept, await ledger.Store.Database.ListLengthAsync(ledger.Keys.Audit));
    }
}
