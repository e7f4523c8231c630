using AspireAgent.Budget.Breaker;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Tests.Breaker;

public class BreakerRulesTests
{
    private const double Rate = 200_000;
    private const double Spike = 6 * Rate;

    private readonly BurnScene _scene = new BurnScene().Run(400, Rate);

    [Fact]
    public void Breaker_SpikeThatPasses_OpensTriesAndCloses()
    {
        var opened = _scene.RunTo(CostBreakerState.Open, Spike) + 400;
        var contract = _scene.Breaker.ToContract();
        Assert.Equal((CostBreakerState.Open, CostAction.Pause, null), (contract.State, contract.Action, contract.Plan));
        Assert.Equal(TimeSpan.FromSeconds(60), contract.Until - contract.Since);

        Assert.InRange(_scene.RunTo(CostBreakerState.HalfOpen, 0), 60, 60.25);
        Assert.Null(_scene.Breaker.ToContract().Until);
        Assert.InRange(_scene.RunTo(CostBreakerState.Closed, Rate), 10, 10.25);
        Assert.Equal(
            [
                $"{opened} closed > open (pause) by velocity",
                $"{opened + 60} open (pause) > half-open by cool-down",
                $"{opened + 70} half-open > closed by calm",
            ],
            _scene.Steps);
    }

    [Fact]
    public void Breaker_TrialsThatFail_DoubleTheCoolDownSixteenfoldAtMost()
    {
        _scene.RunTo(CostBreakerState.Open, Spike);
        foreach (var coolDown in (double[])[60, 120, 240, 480, 960, 960, 960])
        {
            Assert.Equal(coolDown, _scene.Breaker.Until - _scene.Breaker.Since);
            _scene.RunTo(CostBreakerState.HalfOpen, 0);
            Assert.InRange(_scene.RunTo(CostBreakerState.Open, Spike), 3, 5.25);
        }

        _scene.RunTo(CostBreakerState.Closed, Rate);
        _scene.Run(400, Rate).RunTo(CostBreakerState.Open, Spike);
        Assert.Equal(60, _scene.Breaker.Until - _scene.Breaker.Since); // calm starts anew
    }

    [Fact]
    public void Trial_WhatWasBurntBeforeIt_DoesNotFailIt()
    {
        _scene.Knobs = _scene.Knobs with { BreakerCoolDownSeconds = 1 };
        _scene.RunTo(CostBreakerState.Open, Spike);
        _scene.RunTo(CostBreakerState.HalfOpen, Spike);
        Assert.InRange(_scene.RunTo(CostBreakerState.Closed, Rate), 10, 10.25);
    }

    [Fact]
    public void Order_Open_StaysOpenUntilItIsClosed()
    {
        Assert.NotNull(_scene.Order(CostBreakerState.Open));
        Assert.Null(_scene.Breaker.Until);
        Assert.Equal(CostBreakerState.Open, _scene.Run(20_000, 0).Breaker.State);

        var step = _scene.Order(CostBreakerState.Closed)!;
        Assert.Equal(("olga", "breaker", "open (pause)", "closed", "since I say so"), (step.Audit.By, step.Audit.What, step.Audit.From, step.Audit.To, step.Audit.Reason));
        Assert.Equal(2, _scene.Steps.Count);
    }

    [Fact]
    public void Order_Again_ChangesNothing()
    {
        Assert.Null(_scene.Order(CostBreakerState.Closed));
        Assert.NotNull(_scene.Order(CostBreakerState.Open));
        Assert.Null(_scene.Order(CostBreakerState.Open));
        Assert.NotNull(_scene.Order(CostBreakerState.Open, CostAction.Downgrade));
        Assert.Null(_scene.Order(CostBreakerState.Open, CostAction.Downgrade));
        Assert.NotNull(_scene.Order(CostBreakerState.Closed));
        Assert.Null(_scene.Order(CostBreakerState.Closed));
    }

    [Fact]
    public void Order_OpenWhereVelocityHasOpened_TakesTheCoolDownAway()
    {
        _scene.RunTo(CostBreakerState.Open, Spike);
        var since = _scene.Breaker.Since;
        Assert.NotNull(_scene.Order(CostBreakerState.Open));
        Assert.Equal((since, null), (_scene.Breaker.Since, _scene.Breaker.Until));
        Assert.Equal(CostBreakerState.Open, _scene.Run(100, 0).Breaker.State);
    }

    [Theory]
    [InlineData(CostBreakerState.Open)]
    [InlineData(CostBreakerState.HalfOpen)]
    public void Order_Close_ForgivesAndResetsTheDoubling(CostBreakerState from)
    {
        _scene.RunTo(CostBreakerState.Open, Spike);
        _scene.RunTo(CostBreakerState.HalfOpen, 0);
        _scene.RunTo(CostBreakerState.Open, Spike);
        _scene.RunTo(from, Spike);
        Assert.NotNull(_scene.Order(CostBreakerState.Closed));

        Assert.Equal(CostBreakerState.Closed, _scene.Run(3, Spike).Breaker.State); // 3 W / k after a window that starts at nothing
        Assert.InRange(_scene.RunTo(CostBreakerState.Open, Spike), 1, 2.25);
        Assert.Equal(60, _scene.Breaker.Until - _scene.Breaker.Since);
        Assert.Equal(Rate, _scene.Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 50);
    }

    [Fact]
    public void Action_KnobChangesWhileOpen_IsFollowed()
    {
        _scene.RunTo(CostBreakerState.Open, Spike);
        var until = _scene.Breaker.Until;
        (_scene.KnobRevision, _scene.Knobs) = (2, _scene.Knobs with { BreakerAction = CostAction.Downgrade, CheapPlan = "cheap" });
        _scene.Run(1, 0);

        Assert.Equal((CostAction.Downgrade, "cheap", until), (_scene.Breaker.Action, _scene.Breaker.Plan, _scene.Breaker.Until));
        Assert.EndsWith("open (pause) > open (downgrade to cheap) by config", _scene.Steps[^1]);
        Assert.Equal(2, _scene.Run(10, 0).Steps.Count);
    }

    [Fact]
    public void Action_OlderKnobs_DoNotChangeIt()
    {
        _scene.KnobRevision = 7;
        _scene.RunTo(CostBreakerState.Open, Spike);
        (_scene.KnobRevision, _scene.Knobs) = (0, new BudgetKnobs { BreakerAction = CostAction.Downgrade }); // defaults of an instance without configuration
        Assert.Single(_scene.Run(30, 0).Steps);
        Assert.Equal(CostAction.Pause, _scene.Breaker.Action);
    }

    [Fact]
    public void Action_Ordered_IsNotTheKnobs()
    {
        _scene.Order(CostBreakerState.Open, CostAction.Downgrade);
        (_scene.KnobRevision, _scene.Knobs) = (2, _scene.Knobs with { BreakerAction = CostAction.Pause, CheapPlan = "cheap" });
        Assert.Single(_scene.Run(30, 0).Steps);
        Assert.Equal(CostAction.Downgrade, _scene.Breaker.Action);
    }

    [Fact]
    public void Spikes_OfMoreThanAnHourAgo_AreForgotten()
    {
        for (var i = 0; i < 12; i++)
        {
            _scene.Order(CostBreakerState.Open);
            _scene.Run(5, Rate).Order(CostBreakerState.Closed);
            _scene.Run(1_000, Rate);
        }

        Assert.InRange(_scene.Breaker.LeftOut.Count, 1, 5);
        Assert.All(_scene.Breaker.LeftOut.Zip(_scene.Breaker.LeftOut.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From));
    }

    [Fact]
    public void Spikes_ThatFollowAtOnce_DoNotOverlap()
    {
        for (var i = 0; i < 4; i++)
        {
            _scene.Order(CostBreakerState.Open);
            _scene.Run(3, Spike).Order(CostBreakerState.Closed);
        }

        Assert.All(_scene.Breaker.LeftOut.Zip(_scene.Breaker.LeftOut.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From));
        Assert.Equal(Rate, _scene.Reading.Rate.BaselineTokensPerMinute!.Value, Rate / 50);
    }
}
