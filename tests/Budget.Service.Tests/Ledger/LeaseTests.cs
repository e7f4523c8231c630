using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;
using static AspireAgent.Budget.Tests.LedgerHarness;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>A lease from its first mention to its end, in a window of a minute.</summary>
public class LeaseTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Want_WithinTheLimit_IsGrantedUntilTheWindowEnds(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        ledger.Now += 20_000;

        Assert.Equal(new LeaseGrant("a", 600_000, 0, 40_000), await ledger.LeaseAsync(Want("a", 600_000)));
        ledger.Now += 1_000;
        Assert.Equal(new LeaseGrant("a", 700_000, 0, 39_000), await ledger.LeaseAsync(Want("a", 700_000)));
        Assert.Equal(700_000, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Want_BeyondTheLimit_IsGrantedInPartButNotBelowTheLeast(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LeaseAsync(Want("a", 70));

        Assert.Equal(new LeaseGrant("b", 0, 0, 60_000, 60_000), await ledger.LeaseAsync(Want("b", 50, least: 31)));
        Assert.Equal(new LeaseGrant("b", 30, 0, 60_000, 60_000), await ledger.LeaseAsync(Want("b", 50, least: 30)));
        Assert.Equal(new LeaseGrant("c", 0, 0, 60_000, 60_000), await ledger.LeaseAsync(Want("c", 1)));
        Assert.Equal(100, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Want_RepeatedOrOlder_ChangesNothing(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LeaseAsync(Want("a", 50));
        await ledger.LeaseAsync(Want("a", 80, spent: 40));

        Assert.Equal(80, (await ledger.LeaseAsync(Want("a", 80, spent: 40))).Tokens);
        Assert.Equal(80, (await ledger.LeaseAsync(Want("a", 50))).Tokens);
        Assert.Equal(80, await ledger.GrantedAsync());

        await ledger.LeaseAsync(Want("a", spent: 10, close: true));
        Assert.Equal(40, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Spent_BeyondTheLimit_CountsAndLeavesNothingToOthers(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);

        Assert.Equal(130, (await ledger.LeaseAsync(Want("a", 200, spent: 130))).Tokens);
        Assert.Equal(0, (await ledger.LeaseAsync(Want("b", 1))).Tokens);
        Assert.Equal(130, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Overdraw_OverTheLimit_IsGrantedAndCounts(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LeaseAsync(Want("a", 60));

        Assert.Equal(new LeaseGrant("vip", 70, 0, 60_000), await ledger.LeaseAsync(Want("vip", 70, overdraw: true)));
        Assert.Equal(0, (await ledger.LeaseAsync(Want("b", 10))).Tokens);

        await ledger.LeaseAsync(Want("vip", spent: 20, overdraw: true, close: true));
        Assert.Equal(20, (await ledger.LeaseAsync(Want("b", 50))).Tokens);
        Assert.Equal(100, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Close_GivesBackWhatIsNotSpent_AndStaysClosed(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LeaseAsync(Want("a", 100));

        Assert.Equal(new LeaseGrant("a", 30, 0, 0), await ledger.LeaseAsync(Want("a", spent: 30, close: true)));
        Assert.Equal(new LeaseGrant("a", 30, 0, 0), await ledger.LeaseAsync(Want("a", spent: 30, close: true)));
        Assert.Equal(new LeaseGrant("a", 30, 0, 0), await ledger.LeaseAsync(Want("a", 100, spent: 20, held: 100)));
        Assert.Equal(70, (await ledger.LeaseAsync(Want("b", 100))).Tokens);

        // Said too late, but spent.
        Assert.Equal(new LeaseGrant("a", 35, 0, 0), await ledger.LeaseAsync(Want("a", spent: 35, close: true)));
        Assert.Equal(105, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Close_BeforeTheFirstMention_LeavesNothingToIt(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LeaseAsync(Want("a", spent: 5, close: true));

        Assert.Equal(new LeaseGrant("a", 5, 0, 0), await ledger.LeaseAsync(Want("a", 100)));
        Assert.Equal(5, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Lease_InTheNextWindow_IsOverAndOwesOnlyWhatItOverspent(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LeaseAsync(Want("a", 100));
        ledger.Now += 60_000;

        Assert.Equal(new LeaseGrant("a", 100, 0, 0), await ledger.LeaseAsync(Want("a", 500, spent: 90, held: 100)));
        Assert.Equal(0, await ledger.GrantedAsync());

        Assert.Equal(new LeaseGrant("a", 120, 0, 0), await ledger.LeaseAsync(Want("a", 500, spent: 120)));
        await ledger.LeaseAsync(Want("a", spent: 120, close: true));
        Assert.Equal(20, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Chain_EveryBudgetWithALimit_Binds(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("tier/standard", 500, seconds: 10);
        await ledger.LimitAsync("tenant/acme", null, money: 1_000);
        await ledger.LimitAsync("tenant/other", 10);

        var both = Want("a", 600) with { WantMicroUsd = 900 };
        Assert.Equal(new LeaseGrant("a", 500, 900, 10_000, 10_000), await ledger.LeaseAsync(both));
        Assert.Equal(
            new LeaseGrant("b", 0, 0, 10_000, 60_000),
            await ledger.LeaseAsync(Want("b") with { WantMicroUsd = 200, LeastMicroUsd = 200 }));
        Assert.Equal(100, (await ledger.LeaseAsync(Want("b") with { WantMicroUsd = 200 })).MicroUsd);
        Assert.Equal((500L, 1_000L), ((await ledger.StandAsync("tenant/acme"))!.GrantedTokens, (await ledger.StandAsync("tenant/acme"))!.GrantedMicroUsd));
        Assert.Equal(0, await ledger.GrantedAsync("tenant/other"));

        // The tier's window is the first to end.
        ledger.Now += 10_000;
        Assert.Equal(0, (await ledger.LeaseAsync(both)).EndsInMilliseconds);
        Assert.Equal(500, (await ledger.LeaseAsync(Want("c", 600))).Tokens);
        Assert.Equal(1_000, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Clock_ThatRunsBack_OpensNoWindowAgain(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        ledger.Now += 60_000;
        await ledger.LeaseAsync(Want("a", 100));
        ledger.Now -= 300_000;

        Assert.Equal(new LeaseGrant("b", 0, 0, 60_000, 60_000), await ledger.LeaseAsync(Want("b", 1)));
    }
}
