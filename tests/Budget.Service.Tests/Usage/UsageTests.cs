using AspireAgent.Budget.Usage;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Usage;

/// <summary>What turns have used: in the windows, and by hour.</summary>
public class UsageTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Use_ToldByManyAtOnce_IsBookedOnce(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await ledger.LimitAsync("tenant/acme", 5);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => TellAsync(ledger, Use($"{i % 30}", "acme", ("large", 7, 3, 20)))));

        var system = (await ledger.StandAsync("system"))!;
        Assert.Equal((300L, 600L, 0L), (system.UsedTokens, system.UsedMicroUsd, system.GrantedTokens));
        Assert.Equal(300, (await ledger.StandAsync("tenant/acme"))!.UsedTokens);
        ledger.Now += 60_000;
        Assert.Equal(0, (await ledger.StandAsync("system"))!.UsedTokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Usage_ByHourTenantTierAndModel_IsFound(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await TellAsync(ledger, Use("1", "acme", ("large", 10, 5, 100), ("small", 1, 1, 2), ("large", 10, 5, 100)));
        await TellAsync(ledger, Use("2", "acme", ("large", 1, 1, 1)));
        await TellAsync(ledger, Use("3", "\"o\", {ther}", ("large", 7, 7, 7)));
        ledger.Now += 3_600_000;
        await TellAsync(ledger, Use("4", "acme", ("large", 2, 2, 2)));

        var hour = DateTimeOffset.FromUnixTimeMilliseconds(LedgerHarness.Start);
        Assert.Equal(
            [
                new UsageRecord(hour, "\"o\", {ther}", "standard", "large", 1, 7, 7, 7),
                new UsageRecord(hour, "acme", "standard", "large", 2, 21, 11, 201),
                new UsageRecord(hour, "acme", "standard", "small", 1, 1, 1, 2),
                new UsageRecord(hour.AddHours(1), "acme", "standard", "large", 1, 2, 2, 2),
            ],
            await ReadAsync(hour, hour.AddHours(2)));
        Assert.Equal(2, (await ReadAsync(hour, hour.AddHours(2), "acme", "standard", "large")).Count);
        Assert.Single(await ReadAsync(hour.AddMinutes(61), hour.AddHours(2)));
        Assert.Empty(await ReadAsync(hour, hour.AddHours(2), tier: "vip"));
        Assert.InRange(
            (await ledger.Store.Database.KeyTimeToLiveAsync(ledger.Keys.Usage(hour)))!.Value, UsageBook.Kept, UsageBook.Kept + TimeSpan.FromHours(1));

        async Task<IReadOnlyList<UsageRecord>> ReadAsync(
            DateTimeOffset from, DateTimeOffset to, string? tenant = null, string? tier = null, string? model = null) =>
            (await ledger.Usage.ReadAsync(from, to, tenant, tier, model, default)).Usage;
    }

    private static BudgetUse Use(string id, string tenant, params (string Model, long Input, long Output, long Money)[] models) =>
        new(id, tenant, "standard", [.. models.Select(model => new ModelUse(model.Model, model.Input, model.Output, model.Money))]);

    private static Task TellAsync(LedgerHarness ledger, BudgetUse use) =>
        ledger.Ledger.SyncAsync(new BudgetSync("pod", [], [use], 0), default);
}
