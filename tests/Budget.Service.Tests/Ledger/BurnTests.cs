using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>Tokens produced, by second.</summary>
public class BurnTests(RedisPair servers)
{
    private const long First = LedgerHarness.Start / 1_000;

    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Produced_ByTwoOwners_AddsUpBySecond(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await TellAsync(ledger, "a", 100);
        await TellAsync(ledger, "b", 10);
        ledger.Now += 1_000;
        await TellAsync(ledger, "a", 150);
        await TellAsync(ledger, "a", 150);
        await TellAsync(ledger, "a", 120); // said before, heard after
        await TellAsync(ledger, "b", 10);

        var burn = await ledger.Ledger.ReadBurnAsync(0, default);
        Assert.Equal(First + 1, burn.NowSecond);
        Assert.Equal([(First, 110L), (First + 1, 50L)], burn.Seconds);
        Assert.Equal([(First + 1, 50L)], (await ledger.Ledger.ReadBurnAsync(First + 1, default)).Seconds);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Produced_UnheardForAWhile_IsSpreadOverIt(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await TellAsync(ledger, "a", 100);
        ledger.Now += 4_000;
        await TellAsync(ledger, "a", 502);

        Assert.Equal(
            [(First, 100L), (First + 1, 100L), (First + 2, 100L), (First + 3, 100L), (First + 4, 102L)],
            (await ledger.Ledger.ReadBurnAsync(0, default)).Seconds);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Produced_AfterALoss_IsNoSpike(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await TellAsync(ledger, "a", 1_000_000);
        await ledger.LoseAllAsync();
        await TellAsync(ledger, "a", 1_000_500);
        ledger.Now += 1_000;
        await TellAsync(ledger, "a", 1_000_700);

        Assert.Equal([(First, 0L), (First + 1, 200L)], (await ledger.Ledger.ReadBurnAsync(0, default)).Seconds);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Burn_OlderThanAnHour_IsForgotten(RedisKind kind)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        await TellAsync(ledger, "a", 1);
        for (var hour = 0; hour < 3; hour++)
        {
            ledger.Now += 3_600_000;
            await TellAsync(ledger, "a", 10_000 * (hour + 1));
        }

        var seconds = (await ledger.Ledger.ReadBurnAsync(0, default)).Seconds;
        Assert.InRange(seconds.Count, 3_600, (int)BudgetLedger.BurnKept.TotalSeconds);
        Assert.Equal(ledger.Now / 1_000, seconds[^1].Second);
    }

    private static Task TellAsync(LedgerHarness ledger, string owner, long produced) =>
        ledger.Ledger.SyncAsync(new BudgetSync(owner, [], [], produced), default);
}
