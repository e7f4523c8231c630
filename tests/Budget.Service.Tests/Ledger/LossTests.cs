using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;
using static AspireAgent.Budget.Tests.LedgerHarness;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>A store that has lost its data.</summary>
public class LossTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Loss_OfEverything_IsToldAgainBeforeAnythingNewIsGranted(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LimitAsync("tenant/acme", 90, seconds: 300, window: BudgetWindow.Sliding);
        await ledger.Limits.ReadAsync();
        await ledger.LeaseAsync(Want("a", 50));
        await ledger.LeaseAsync(Want("b", 30));
        await ledger.LoseAllAsync();

        // Settling: what is held counts at once, nothing is granted, VIPs are served.
        var refused = await ledger.LeaseAsync(Want("c", 10));
        Assert.Equal((0L, 3_000L), (refused.Tokens, refused.RetryAfterMilliseconds));
        Assert.Equal(50, (await ledger.LeaseAsync(Want("a", 60, spent: 20, held: 50))).Tokens);
        Assert.Equal(50, (await ledger.LeaseAsync(Want("a", 60, spent: 20, held: 50))).Tokens);
        Assert.Equal(30, (await ledger.LeaseAsync(Want("b", 30, held: 30))).Tokens);
        Assert.Equal(5, (await ledger.LeaseAsync(Want("vip", 5, overdraw: true))).Tokens);
        Assert.Equal((85L, 85L), (await ledger.GrantedAsync(), await ledger.GrantedAsync("tenant/acme")));

        ledger.Now += LedgerLua.SettlingMilliseconds;
        Assert.Equal(5, (await ledger.LeaseAsync(Want("c", 10))).Tokens);
        await ledger.LeaseAsync(Want("a", spent: 20, close: true));
        Assert.Equal((60L, 60L), (await ledger.GrantedAsync(), await ledger.GrantedAsync("tenant/acme")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Loss_ThatNobodyRemembers_ShowsInALeaseThatHoldsSomething(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);

        Assert.Equal(60, (await ledger.LeaseAsync(Want("a", 60, held: 60))).Tokens);
        var refused = await ledger.LeaseAsync(Want("b", 10));
        Assert.Equal((0L, 3_000L), (refused.Tokens, refused.RetryAfterMilliseconds));
        ledger.Now += LedgerLua.SettlingMilliseconds;
        Assert.Equal(40, (await ledger.LeaseAsync(Want("b", 100))).Tokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Loss_OfTheLastWritesAlone_IsNoticedByTheSerialNumber(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LeaseAsync(Want("a", 10));
        var (limits, clock) = (await ledger.Store.Database.CopyAsync(ledger.Keys.Limits), await ledger.Store.Database.CopyAsync(ledger.Keys.Clock));
        await ledger.LimitAsync("system", 200);
        await ledger.LeaseAsync(Want("a", 150));
        await ledger.Store.Database.PutBackAsync(ledger.Keys.Limits, limits);
        await ledger.Store.Database.PutBackAsync(ledger.Keys.Clock, clock);

        Assert.Equal(0, (await ledger.LeaseAsync(Want("b", 10))).Tokens);
        Assert.Equal(200, (await ledger.StandAsync("system"))!.Limit.LimitTokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limits_PutBack_DoNotGoOverNewerOnes(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LimitAsync("tenant/acme", 100);
        await ledger.LimitAsync("tenant/gone", 100);
        await ledger.Limits.SetAsync("tenant/gone", null, "ann", null, default);
        var older = ledger.Limits;
        await ledger.LoseAllAsync();
        ledger.Restart();
        ledger.Now += 1;
        await ledger.LimitAsync("system", 300);

        var limits = await older.ReadAsync();
        Assert.Equal(300, limits["system"].LimitTokens);
        Assert.Equal(100, (await ledger.StandAsync("tenant/acme"))!.Limit.LimitTokens);
        Assert.Null(await ledger.StandAsync("tenant/gone"));
    }
}
