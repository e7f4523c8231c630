using System.Reactive.Subjects;
using AspireAgent.Streams.Breakers;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests.Breakers;

public class StepwiseRecoveryOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly FixedRandom _random = new();
    private readonly BehaviorSubject<BreakerState> _states = new(BreakerState.Closed);
    private TimeSpan _step = TimeSpan.FromSeconds(10);

    [Fact]
    public void StepwiseRecovery_ClosedFromTheBeginning_GetsAll()
    {
        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_OpensAndCloses_GetsNothingThenStepsThenAll()
    {
        Say((1_000, BreakerState.Open), (2_000, BreakerState.HalfOpen), (3_000, BreakerState.Closed));

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "3000 0.1", "13000 0.5", "23000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_OpenFromTheBeginning_RecoversInSteps()
    {
        _states.OnNext(BreakerState.HalfOpen);
        Say((1_000, BreakerState.Closed));

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 0", "1000 0.1", "11000 0.5", "21000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_OpensInBetween_GetsNothingAtOnceAndBeginsAgain()
    {
        Say((1_000, BreakerState.Open), (3_000, BreakerState.Closed), (14_000, BreakerState.Open), (20_000, BreakerState.Closed));

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "3000 0.1", "13000 0.5", "14000 0", "20000 0.1", "30000 0.5", "40000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_EachStep_IsAFifthMoreOrLess()
    {
        Say((1_000, BreakerState.Open), (3_000, BreakerState.Closed));
        _random.Next01 = 0;
        _time.At(4_000, () => _random.Next01 = 1);

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "3000 0.1", "11000 0.5", "23000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_StepIsAskedAtEachClosing_AndZeroMeansAllAtOnce()
    {
        Say((1_000, BreakerState.Open), (3_000, BreakerState.Closed), (4_000, BreakerState.Open), (5_000, BreakerState.Closed));
        _time.At(3_500, () => _step = TimeSpan.Zero);

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "3000 0.1", "4000 0", "5000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_NoSteps_GetsAllAtOnce()
    {
        Say((1_000, BreakerState.Open), (3_000, BreakerState.Closed));

        var seen = Watch([]);
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "3000 1"], seen);
    }

    [Fact]
    public void StepwiseRecovery_StatesEnd_EndsWithThem()
    {
        Say((1_000, BreakerState.Open));
        _time.At(2_000, _states.OnCompleted);

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "1000 0", "2000 end"], seen);
    }

    [Fact]
    public void StepwiseRecovery_StatesFail_Fails()
    {
        _time.At(2_000, () => _states.OnError(new InvalidOperationException("broken")));

        var seen = Watch();
        _time.RunTo(100_000);

        Assert.Equal(["0 1", "2000 error: broken"], seen);
    }

    [Fact]
    public void StepwiseRecovery_Disposed_LetsGo()
    {
        Say((1_000, BreakerState.Open), (3_000, BreakerState.Closed));
        var seen = Watch();
        _time.RunTo(4_000);

        seen.Dispose();
        _time.RunTo(100_000);

        Assert.Equal("3000 0.1", seen[^1]);
        Assert.False(_states.HasObservers);
    }

    private void Say(params (long At, BreakerState State)[] states)
    {
        foreach (var (at, state) in states)
        {
            _time.At(at, () => _states.OnNext(state));
        }
    }

    private Recording<double> Watch(params double[] steps) =>
        _time.Record(_states.StepwiseRecovery(steps, () => _step, _random, _time.Scheduler));

    private Recording<double> Watch() => Watch(0.1, 0.5);
}
