using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>What opens the breaker, and how soon, and what does not, in simulated hours.</summary>
public class BurnSpikeTests
{
    private const double Rate = 200_000;
    private const double Hour = 3_600;
    private const double Tick = 0.25;

    [Theory]
    [InlineData(Hour)]
    [InlineData(320)]
    public void Breaker_StepToSixfold_OpensWithinFiveSeconds(double before)
    {
        var scene = new BurnScene().Run(before, Rate);
        Assert.InRange(scene.RunTo(CostBreakerState.Open, 6 * Rate), 3, 5);
    }

    [Fact]
    public void Breaker_StepAnywhereInASecond_OpensWithinFiveSeconds() => Assert.All([0.25, 0.5, 0.75], part =>
        Assert.InRange(new BurnScene().Run(Hour + part, Rate).RunTo(CostBreakerState.Open, 6 * Rate), 3, 4 + Tick));

    [Fact]
    public void Breaker_StepByAnyFactor_OpensWhenTheShareOfTheNewRateSaysSo()
    {
        var random = new Random(6);
        for (var i = 0; i < 150; i++)
        {
            var k = 4 + (16 * random.NextDouble());
            var (window, factor) = i % 2 == 0 ? (10, 3) : (2 + (58 * random.NextDouble()), 1.2 + (2.5 * random.NextDouble()));
            var scene = new BurnScene(new BudgetKnobs { VelocityWindowSeconds = window, VelocityFactor = factor }).Run(400 + random.NextDouble(), Rate);
            var took = scene.RunTo(CostBreakerState.Open, k * Rate);

            // The share of the new rate in the window grows linearly: t/W * k + (1 - t/W) > factor.
            var formula = (factor - 1) * window / (k - 1);
            Assert.True(took <= formula + 1 && took >= formula - 1, $"k {k}, W {window}, factor {factor}: {took} s, by the formula {formula} s");
            if (factor == 3)
            {
                Assert.True(took <= (2 * window / (k - 1)) + 1);
            }
        }
    }

    [Fact]
    public void Breaker_SteadyDoublingInAnHour_StaysClosed()
    {
        var scene = new BurnScene().Run(Hour, Rate).Run(Hour, second => Rate * Math.Pow(2, second / Hour)).Run(Hour, 2 * Rate);
        Assert.Empty(scene.Steps);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    public void Breaker_NoiseAtASteadyRate_StaysClosed(double window)
    {
        var random = new Random(1);
        var scene = new BurnScene(new BudgetKnobs { VelocityWindowSeconds = window, VelocityFloor = 0 });
        scene.Run(2 * Hour, _ => 4 * 60 * 500.0 * Poisson(random, Rate / 60 / 500 / 4)); // answers of 500 tokens, whole ones in each look
        Assert.Empty(scene.Steps);
        Assert.InRange(scene.Reading.Rate.BaselineTokensPerMinute!.Value, 0.9 * Rate, 1.1 * Rate);
    }

    [Fact]
    public void Breaker_QuietSystem_StaysClosedBelowTheFloor()
    {
        var scene = new BurnScene();
        for (var i = 0; i < 6; i++)
        {
            scene.Run(1_200, 0).Run(30, 95_000); // from nothing to just below the floor: infinitely more
        }

        Assert.Empty(scene.Steps);
        Assert.InRange(scene.RunTo(CostBreakerState.Open, 6 * 95_000), 0, 10);
    }

    [Fact]
    public void Breaker_YoungSystem_IsNotJudged() => Assert.Empty(new BurnScene().Run(100, Rate).Run(200, 20 * Rate).Steps);

    [Fact]
    public void Breaker_Spike_DoesNotRaiseItsOwnBar()
    {
        var scene = new BurnScene().Run(Hour, Rate);
        scene.RunTo(CostBreakerState.Open, 6 * Rate);
        Assert.Equal(Rate, scene.Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 100);
        scene.Run(900, 6 * Rate); // it stays, through several trials
        Assert.NotEqual(CostBreakerState.Closed, scene.Breaker.State);
        Assert.Equal(Rate, scene.Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 100);

        scene.RunTo(CostBreakerState.Closed, Rate);
        Assert.Equal(Rate, scene.Run(600, Rate).Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 100);
        Assert.InRange(scene.RunTo(CostBreakerState.Open, 6 * Rate), 3, 5); // no later than the first time
    }

    [Fact]
    public void Breaker_SpikeThatOutlastsTheHistory_DoesNotBecomeTheBaseline()
    {
        var scene = new BurnScene().Run(Hour, Rate);
        scene.RunTo(CostBreakerState.Open, 6 * Rate);
        scene.Run(4 * Hour, 6 * Rate);
        Assert.DoesNotContain(scene.Steps, step => step.Contains("> closed", StringComparison.Ordinal));
        Assert.Equal(Rate, scene.Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 100);

        scene.RunTo(CostBreakerState.Closed, Rate);
        Assert.InRange(scene.Run(20, Rate).RunTo(CostBreakerState.Open, 6 * Rate), 3, 5); // there is no history yet, and still a bar
    }

    [Fact]
    public void Breaker_KnobsChange_AreJudgedByAtOnce()
    {
        var scene = new BurnScene(new BudgetKnobs { VelocityFactor = 10 }).Run(Hour, Rate).Run(60, 6 * Rate);
        Assert.Empty(scene.Steps);
        scene.Knobs = new BudgetKnobs { VelocityFactor = 3 };
        Assert.Equal(Tick, scene.RunTo(CostBreakerState.Open, 6 * Rate));
    }

    private static int Poisson(Random random, double mean)
    {
        var (count, product, end) = (0, random.NextDouble(), Math.Exp(-mean));
        for (; product > end; count++)
        {
            product *= random.NextDouble();
        }

        return count;
    }
}
