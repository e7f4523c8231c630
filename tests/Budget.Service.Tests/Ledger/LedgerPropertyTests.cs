using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>What must hold whatever pods do and in whatever order; a failure names its seed.</summary>
public class LedgerPropertyTests(RedisPair servers)
{
    private const int Steps = 250;

    public static TheoryData<RedisKind, int> Seeds
    {
        get
        {
            var seeds = new TheoryData<RedisKind, int>();
            foreach (var seed in Enumerable.Range(1, LongMode.Times(4, 200)))
            {
                seeds.Add(RedisKind.Server, seed);
                seeds.Add(RedisKind.Garnet, seed);
            }

            return seeds;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Ledger_RandomSchedule_NeverGrantsMoreThanALimit(RedisKind kind, int seed)
    {
        await using var ledger = await LedgerHarness.StartAsync(servers, kind);
        var schedule = new RandomSchedule(ledger, new Random(seed));

        await schedule.RunAsync(Steps);

        Assert.True(schedule.WasShort, "the limits were reached");
    }
}
