using AspireAgent.Streams.Breakers;

namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>Every transition.</summary>
public class CircuitBreakerTests : BreakerTestBase
{
    [Fact]
    public void Closed_EnoughCallsAndFailures_Opens()
    {
        Calls(successes: 2, failures: 2);

        Assert.Equal(BreakerState.Open, Breaker.State);
        Assert.Equal(["0 Closed", "0 Open"], Seen);
        Assert.Null(Breaker.TryEnter());
    }

    [Theory]
    [InlineData(0, 3)] // too few calls
    [InlineData(100, 99)] // too few failures
    public void Closed_TooLittleEvidence_StaysClosed(int successes, int failures)
    {
        Calls(successes, failures);

        Assert.Equal(BreakerState.Closed, Breaker.State);
        Assert.False(Enter().IsTrial);
    }

    [Fact]
    public void Closed_FailuresOlderThanTheWindow_AreForgotten()
    {
        Calls(failures: 3);
        Time.RunTo(9_000);
        Change(settings => settings with { MinimumCalls = 5 });
        Calls(successes: 1);
        Time.RunTo(10_500);
        Calls(failures: 3);

        Assert.Equal(BreakerState.Closed, Breaker.State);

        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void Closed_OnlySuccesses_NeverOpens()
    {
        Change(settings => settings with { FailureShare = double.Epsilon, MinimumCalls = 1 });

        Calls(successes: 1_000);

        Assert.Equal(BreakerState.Closed, Breaker.State);
    }

    [Theory]
    [InlineData(0, 48_000)]
    [InlineData(0.5, 60_000)]
    [InlineData(1, 72_000)]
    public void Open_BreakIsOver_HalfOpensWithinAFifth(double random, int end)
    {
        Random.Next01 = random;
        Calls(failures: 4);

        Time.RunTo(end - 1);
        Assert.Null(Breaker.TryEnter());
        Time.RunTo(end);

        Assert.Equal(["0 Closed", "0 Open", $"{end} HalfOpen"], Seen);
    }

    [Fact]
    public void HalfOpen_TrialIsOut_LetsNobodyElseIn()
    {
        OpenAndTry();

        Assert.Null(Breaker.TryEnter());
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
    }

    [Fact]
    public void HalfOpen_TrialSucceeds_ClosesWithAnEmptyWindow()
    {
        Change(settings => settings with { Window = TimeSpan.FromHours(1) });
        OpenAndTry().Succeed();

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "60000 Closed"], Seen);
        Calls(failures: 3);
        Assert.Equal(BreakerState.Closed, Breaker.State);
        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void HalfOpen_TrialSucceeds_ItsTimeoutIsOff()
    {
        OpenAndTry().Succeed();
        Time.RunTo(200_000);

        Assert.Equal(BreakerState.Closed, Breaker.State);
    }

    [Fact]
    public void HalfOpen_TrialFails_OpensForANewBreak()
    {
        var trial = OpenAndTry();
        Time.RunTo(61_000);
        Random.Next01 = 0;
        trial.Fail();
        Time.RunTo(200_000);

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "61000 Open", "109000 HalfOpen"], Seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HalfOpen_TrialIsCancelledByItsUser_IsNeitherSuccessNorFailure(bool byDisposal)
    {
        var trial = OpenAndTry();

        if (byDisposal)
        {
            trial.Dispose();
        }
        else
        {
            trial.Abandon();
        }

        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
        Time.RunTo(100_000);
        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen"], Seen);

        var next = Enter();
        Assert.True(next.IsTrial);
        trial.Fail();
        trial.Succeed();
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
        next.Succeed();
        Assert.Equal(BreakerState.Closed, Breaker.State);
    }

    [Fact]
    public void HalfOpen_TrialSaysNothing_HasFailedAtItsTimeout()
    {
        var trial = OpenAndTry();
        Time.RunTo(64_999);
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
        Time.RunTo(65_000);
        Assert.Equal(BreakerState.Open, Breaker.State);

        trial.Succeed(); // while open
        Assert.Equal(BreakerState.Open, Breaker.State);

        Time.RunTo(125_000);
        trial.Succeed(); // while half-open
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "65000 Open", "125000 HalfOpen"], Seen);
    }

    [Fact]
    public void HalfOpen_NextTrialAfterAnAbandonedOne_HasItsWholeTimeout()
    {
        var first = OpenAndTry();
        Time.RunTo(64_000);
        first.Abandon();
        Enter();

        Time.RunTo(68_999);
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);
        Time.RunTo(69_000);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public async Task HalfOpen_ManyComeAtOnce_OneIsTheTrial()
    {
        Calls(failures: 4);
        Time.RunTo(60_000);

        for (var round = 0; round < 200; round++)
        {
            using var ready = new Barrier(4);
            var permits = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                ready.SignalAndWait();
                return Breaker.TryEnter();
            })));

            Assert.Single(permits, permit => permit is not null)!.Abandon();
        }
    }
}
