using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;
using static AspireAgent.Budget.Tests.LedgerHarness;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>Sliding windows, and windows that change.</summary>
public class WindowTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Sliding_AnySpanOfItsLength_HasNoMoreThanTheLimit(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 120, seconds: 12, window: BudgetWindow.Sliding);
        var grants = new List<(long At, long Tokens)>();
        for (var i = 0; i < 60; i++)
        {
            var grant = await ledger.LeaseAsync(Want($"{i}", 7 + (i * 13 % 40)));
            grants.Add((ledger.Now, grant.Tokens));
            ledger.Now += 350;
        }

        Assert.All(grants, first => Assert.InRange(
            grants.Where(grant => grant.At >= first.At && grant.At < first.At + 12_000).Sum(grant => grant.Tokens), 0, 120));
        Assert.True(grants.Sum(grant => grant.Tokens) > 120, "it slides");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Sliding_Refusal_SaysWhenTheOldestLeavesTheWindow(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100, seconds: 12, window: BudgetWindow.Sliding);
        await ledger.LeaseAsync(Want("a", 100));
        ledger.Now += 5_500;

        var refused = await ledger.LeaseAsync(Want("b", 10));
        Assert.Equal(new LeaseGrant("b", 0, 0, 500, 7_500), refused);
        ledger.Now += refused.RetryAfterMilliseconds - 1;
        Assert.Equal(0, (await ledger.LeaseAsync(Want("c", 10))).Tokens);
        ledger.Now += 1;
        Assert.Equal(10, (await ledger.LeaseAsync(Want("d", 10))).Tokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Sliding_ClosedAfterItsEnd_GivesBackWhatStillCounts(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100, seconds: 12, window: BudgetWindow.Sliding);
        await ledger.LeaseAsync(Want("a", 100));
        ledger.Now += 3_000;

        Assert.Equal(0, (await ledger.LeaseAsync(Want("a", 100, spent: 10))).EndsInMilliseconds);
        Assert.Equal(100, await ledger.GrantedAsync());
        await ledger.LeaseAsync(Want("a", spent: 10, close: true));
        Assert.Equal(10, await ledger.GrantedAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Fixed_NextWindow_BeginsAtZeroAndForgetsTheLast(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100, seconds: 1);
        for (var window = 0; window < 5; window++)
        {
            Assert.Equal(100, (await ledger.LeaseAsync(Want($"{window}", 500))).Tokens);
            ledger.Now += 1_000;
        }

        Assert.Equal(2, await ledger.Store.Database.HashLengthAsync(ledger.Keys.Node("system")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Window_Changed_CountsOnWhatItHasGranted(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LimitAsync("system", 100);
        await ledger.LeaseAsync(Want("a", 80));

        foreach (var (seconds, window) in ((int, BudgetWindow)[])[(300, BudgetWindow.Fixed), (60, BudgetWindow.Sliding), (7, BudgetWindow.Sliding), (60, BudgetWindow.Fixed)])
        {
            await ledger.LimitAsync("system", 100, seconds: seconds, window: window);
            Assert.Equal(80, await ledger.GrantedAsync());
        }

        Assert.Equal(20, (await ledger.LeaseAsync(Want("b", 100))).Tokens);
        await ledger.LimitAsync("system", 100, seconds: 2);
        Assert.Equal(0, (await ledger.LeaseAsync(Want("b", 100))).EndsInMilliseconds);
        Assert.Equal(0, (await ledger.LeaseAsync(Want("c", 100))).Tokens);
        ledger.Now += 2_000;
        Assert.Equal(100, (await ledger.LeaseAsync(Want("d", 100))).Tokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limit_OnAnAccountWithALease_EndsItSoThatTheNextIsCounted(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LeaseAsync(Want("a", 80));
        await ledger.LimitAsync("tenant/acme", 10);

        Assert.Equal(0, (await ledger.LeaseAsync(Want("a", 90))).EndsInMilliseconds);
        Assert.Equal(10, (await ledger.LeaseAsync(Want("b", 90))).Tokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limit_LoweredBelowWhatIsGranted_GrantsNothingMore(RedisKind kind)
    {
        await using var ledger = await StartAsync(servers, kind);
        await ledger.LeaseAsync(Want("a", 80));
        await ledger.LimitAsync("system", 50);

        Assert.Equal(new LeaseGrant("a", 80, 0, 60_000, 60_000), await ledger.LeaseAsync(Want("a", 90)));
        await ledger.LeaseAsync(Want("a", spent: 10, close: true));
        Assert.Equal(40, (await ledger.LeaseAsync(Want("b", 90))).Tokens);
    }
}
