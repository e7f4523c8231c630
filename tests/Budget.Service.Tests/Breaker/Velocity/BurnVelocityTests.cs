using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Tests.Breaker.Velocity;

public class BurnVelocityTests
{
    private static readonly BudgetKnobs Knobs = new();

    [Fact]
    public void Of_SteadyRate_IsTheRateAtEachInstant()
    {
        var history = Steady(0, 1_000, 100);
        Assert.All([500.0, 500.25, 500.9], now => Assert.Equal(6_000, BurnVelocity.Of(History(0, (long)now, 100, now), now, Knobs), 6));
        Assert.Equal(6_000, BurnVelocity.Of(history, 1_001, Knobs with { VelocityWindowSeconds = 2.5 }), 6);
        Assert.Equal(6_000, BurnVelocity.Of(history, 1_001, Knobs with { VelocityWindowSeconds = 300 }), 6);
    }

    [Fact]
    public void Of_WhatIsForgiven_IsNotInIt() =>
        Assert.Equal(3_000, BurnVelocity.Of(Steady(0, 1_000, 100), 1_001, Knobs, since: 996), 6);

    [Fact]
    public void Baseline_ShortWindow_IsNotInIt()
    {
        var history = Steady(0, 1_000, 100);
        history.Take(new BurnSeconds(1_009, [.. Enumerable.Range(1_000, 10).Select(second => ((long)second, 100_000L))]));
        Assert.Equal(6_000, BurnVelocity.Baseline(history, 1_010, Knobs, [])!.Value, 6);
        Assert.Equal(6_000_000, BurnVelocity.Of(history, 1_010, Knobs), 6);
    }

    [Theory]
    [InlineData(300, true)]
    [InlineData(301, false)]
    [InlineData(0, true)]
    public void Baseline_LittleHistory_IsUnknown(double minimum, bool isKnown) =>
        Assert.Equal(isKnown, BurnVelocity.Baseline(Steady(0, 310, 1), 310, Knobs with { BaselineMinimumSeconds = minimum }, []) is not null);

    [Fact]
    public void Baseline_AnHourWanted_IsKnownAfterAnHour()
    {
        var knobs = Knobs with { BaselineMinimumSeconds = 3_600 };
        Assert.All(Enumerable.Range(0, 20), i => Assert.NotNull(BurnVelocity.Baseline(Steady(0, 4_001, 7), 4_000 + (i / 20.0), knobs, [])));
        Assert.Null(BurnVelocity.Baseline(Steady(0, 3_600, 7), 3_600, knobs, []));
    }

    [Fact]
    public void Baseline_SpikesLeftOut_CountNeitherAsTokensNorAsTime()
    {
        var history = Steady(0, 3_000, 100);
        history.Take(new BurnSeconds(3_000, [.. Enumerable.Range(2_960, 20).Select(second => ((long)second, 100_000L))]));
        Assert.Equal(6_000, BurnVelocity.Baseline(history, 3_001, Knobs, [new(2_960, 2_980)])!.Value, 6);
        Assert.Equal(6_000, BurnVelocity.Baseline(history, 3_001, Knobs, [new(-500, 40), new(2_960, 2_980), new(2_985, double.PositiveInfinity)])!.Value, 6);
        Assert.Null(BurnVelocity.Baseline(history, 3_001, Knobs, [new(100, double.PositiveInfinity)]));
    }

    [Fact]
    public void Baseline_KnobsChange_KeepsTheHistory()
    {
        var history = Steady(0, 4_050, 100);
        Assert.All([2.0, 10, 77.7, 300], window =>
            Assert.Equal(6_000, BurnVelocity.Baseline(history, 4_050, Knobs with { VelocityWindowSeconds = window }, [])!.Value, 6));
    }

    private static BurnHistory Steady(long from, long to, long tokens)
    {
        var history = new BurnHistory();
        for (var second = from; second <= to; second++)
        {
            history.Take(new BurnSeconds(second, [(second, tokens)]));
        }

        return history;
    }

    // Up to an instant: of the running second there is only what has come so far.
    private static BurnHistory History(long from, long second, long tokens, double now)
    {
        var history = Steady(from, second, tokens);
        history.Take(new BurnSeconds(second, [(second, (long)Math.Round((now - second) * tokens))]));
        return history;
    }
}
