using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Ledger;

namespace AspireAgent.Budget.Tests.Breaker.Velocity;

public class BurnHistoryTests
{
    private readonly BurnHistory _history = new();

    [Fact]
    public void Take_RunningSecondToldAgain_IsReplaced()
    {
        _history.Take(new BurnSeconds(100, [(98, 5), (100, 1)]));
        _history.Take(new BurnSeconds(100, [(100, 7)]));
        _history.Take(new BurnSeconds(102, [(100, 10)]));

        Assert.Equal(98, _history.First);
        Assert.Equal(15, _history.Since(98));
        Assert.Equal(10, _history.Since(99));
        Assert.Equal(0, _history.Since(101));
    }

    [Theory]
    [InlineData(10.0, 11.0, 60)]
    [InlineData(10.5, 11.0, 30)]
    [InlineData(10.25, 11.5, 75)]
    public void Between_SecondsThatAreCut_CountInProportion(double from, double to, double tokens)
    {
        _history.Take(new BurnSeconds(20, [(10, 60), (11, 60)]));
        Assert.Equal(tokens, _history.Between(from, to));
    }

    [Fact]
    public void Take_PastSecondsToldLate_CountWhereTheyBelong()
    {
        _history.Take(new BurnSeconds(100, [(90, 1)]));
        Assert.True(_history.Wants <= 95);
        _history.Take(new BurnSeconds(101, [(95, 4), (96, 4), (89, 1_000)]));

        Assert.Equal(8, _history.Between(95, 97));
        Assert.Equal(9, _history.Since(0)); // 89 was before all that is observed
    }

    [Fact]
    public void Take_AnyOrderOfAnySeconds_SumsAsAPlainListDoes()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var (history, plain, now) = (new BurnHistory(), new SortedDictionary<long, long>(), random.NextInt64(1, 10_000));
            for (var i = 0; i < 3_000; i++)
            {
                now += random.Next(12) == 0 ? random.Next(40) : random.Next(2);
                var told = Enumerable.Range(0, random.Next(4)).Select(_ => Math.Max(history.IsEmpty ? now - 50 : history.First, now - random.Next(50)))
                    .Distinct().Select(second => (second, random.NextInt64(1_000))).ToList();
                history.Take(new BurnSeconds(now, told));
                foreach (var (second, tokens) in told)
                {
                    plain[second] = tokens;
                }

                var from = now - random.Next(3_900);
                Assert.Equal(plain.Where(second => second.Key >= Math.Max(from, history.First)).Sum(second => second.Value), history.Since(from));
            }
        }
    }

    [Fact]
    public void Take_AfterALongSilence_KnowsThatNothingWasBurnt()
    {
        _history.Take(new BurnSeconds(100, [(100, 1_000)]));
        _history.Take(new BurnSeconds(1_000_000, [(1_000_000, 3)]));

        Assert.Equal(3, _history.Since(0));
        Assert.Equal(0, _history.Between(990_000, 999_999));
        Assert.True(1_000_000 - _history.First >= 3_900);
    }

    [Fact]
    public void Take_StoreClockFarBack_AsksForAllAgain()
    {
        _history.Take(new BurnSeconds(10_000, [(10_000, 5)]));
        _history.Take(new BurnSeconds(1_000, [(1_000, 1)]));

        Assert.True(_history.IsEmpty);
        Assert.Equal(0, _history.Wants);
        _history.Take(new BurnSeconds(1_000, [(900, 2), (1_000, 1)]));
        Assert.Equal(3, _history.Since(0));
    }

    [Fact]
    public void Take_StoreClockALittleBack_KeepsWhatIsKnown()
    {
        _history.Take(new BurnSeconds(10_000, [(9_000, 5), (10_000, 5)]));
        _history.Take(new BurnSeconds(9_990, [(9_990, 1)]));
        Assert.Equal(11, _history.Since(9_000));
    }
}
