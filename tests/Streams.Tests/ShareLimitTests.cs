using CsCheck;

namespace AspireAgent.Streams.Tests;

public class ShareLimitTests
{
    [Theory]
    [InlineData(0.05, 20)]
    [InlineData(0.1, 10)]
    [InlineData(1, 1)]
    public void ShareLimit_AfterTheFirst_OneInSoManyGoes(double share, int every)
    {
        var limit = new ShareLimit(() => share, burst: 1);
        Assert.True(limit.TrySpend());

        var spent = Enumerable.Range(1, 10 * every).Where(_ => EarnAndSpend(limit)).ToList();

        Assert.Equal(Enumerable.Range(1, 10).Select(i => i * every), spent);
    }

    [Fact]
    public void ShareLimit_AfterAQuietTime_NotMoreThanTheBurstGo()
    {
        var limit = new ShareLimit(() => 0.5, burst: 3);
        for (var i = 0; i < 1_000; i++)
        {
            limit.Earn();
        }

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => limit.TrySpend()));
    }

    [Fact]
    public void ShareLimit_ShareChanges_CountsFromThen()
    {
        var share = 0.0;
        var limit = new ShareLimit(() => share, burst: 1);
        limit.TrySpend();
        Assert.False(EarnAndSpend(limit));

        share = 1;
        Assert.True(EarnAndSpend(limit));
    }

    [Fact]
    public void ShareLimit_NoBurst_LetsNoneGo()
    {
        var limit = new ShareLimit(() => 1, burst: 0);

        Assert.False(EarnAndSpend(limit));
    }

    [Fact]
    public void ShareLimit_AnyRun_KeepsItsBound() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 5], Gen.Bool.Array[0, 500]).Sample((share, burst, run) =>
        {
            var limit = new ShareLimit(() => share, burst);
            var (earned, spent) = (0, 0);
            foreach (var earns in run)
            {
                if (earns)
                {
                    limit.Earn();
                    earned++;
                }
                else if (limit.TrySpend())
                {
                    spent++;
                }

                Assert.True(spent <= share * earned + burst + 1e-9);
            }
        });

    [Fact]
    public async Task ShareLimit_ManyThreads_SpendExactlyWhatIsThere()
    {
        var limit = new ShareLimit(() => 0.05, burst: 10_000);

        var spent = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 10_000).Count(_ => EarnAndSpend(limit)))));

        Assert.Equal(2_001, spent.Sum());
    }

    private static bool EarnAndSpend(ShareLimit limit)
    {
        limit.Earn();
        return limit.TrySpend();
    }
}
