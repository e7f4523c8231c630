using AspireAgent.Streams.Breakers;

namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>What a call says, in parts, twice and late.</summary>
public class BreakerPermitTests : BreakerTestBase
{
    [Fact]
    public void Fail_AfterSucceed_TakesTheSuccessBack()
    {
        var permit = Enter();
        permit.Succeed();
        Calls(successes: 1, failures: 1);
        permit.Fail();
        Assert.Equal(BreakerState.Closed, Breaker.State); // three calls, not four

        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void Fail_LongAfterSucceed_CountsNow()
    {
        var permits = Enumerable.Range(0, 4).Select(_ => Enter()).ToList();
        permits.ForEach(permit => permit.Succeed());
        Time.RunTo(60_000);

        permits.ForEach(permit => permit.Fail());

        Assert.Equal(["0 Closed", "60000 Open"], Seen);
    }

    [Fact]
    public void Fail_OfASucceededTrial_CountsInTheNewWindow()
    {
        var trial = OpenAndTry();
        trial.Succeed();
        Calls(failures: 3);

        trial.Fail();

        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void Abandon_BeforeSucceed_IsNotCounted()
    {
        for (var i = 0; i < 10; i++)
        {
            Enter().Abandon();
        }

        Calls(failures: 3);
        Assert.Equal(BreakerState.Closed, Breaker.State);
    }

    [Fact]
    public void Abandon_AfterSucceed_ChangesNothing()
    {
        for (var i = 0; i < 4; i++)
        {
            using var permit = Enter();
            permit.Succeed();
        }

        Calls(failures: 3);
        Assert.Equal(BreakerState.Closed, Breaker.State); // 3 of 7
        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State); // 4 of 8
    }

    [Fact]
    public void Repeats_AndWhatIsSaidAfterTheEnd_AreIgnored()
    {
        var (failed, abandoned) = (Enter(), Enter());
        failed.Fail();
        abandoned.Abandon();
        for (var i = 0; i < 10; i++)
        {
            failed.Fail();
            failed.Succeed();
            failed.Abandon();
            abandoned.Fail();
            abandoned.Succeed();
        }

        var succeeded = Enter();
        for (var i = 0; i < 10; i++)
        {
            succeeded.Succeed();
        }

        succeeded.Fail();
        succeeded.Fail();
        Assert.Equal(BreakerState.Closed, Breaker.State); // two calls

        Calls(failures: 1);
        Assert.Equal(BreakerState.Closed, Breaker.State);
        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void OutcomesOfCallsFromBeforeTheOpening_DisturbNoLaterState()
    {
        List<BreakerPermit> Old() => [.. Enumerable.Range(0, 5).Select(_ => Enter())];
        var (whileOpen, whileHalfOpen, whileClosed) = (Old(), Old(), Old());
        whileClosed[0].Succeed();

        Calls(failures: 3);
        Say(whileOpen);
        Assert.Equal(BreakerState.Open, Breaker.State);

        Time.RunTo(60_000);
        Say(whileHalfOpen);
        var trial = Enter();
        Assert.True(trial.IsTrial);
        Say(whileHalfOpen);
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);

        trial.Succeed();
        Say(whileClosed);
        whileClosed.ForEach(permit => permit.Fail());
        Assert.Equal(BreakerState.Closed, Breaker.State);
        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "60000 Closed"], Seen);

        static void Say(List<BreakerPermit> permits)
        {
            permits[0].Succeed();
            permits[1].Fail();
            permits[2].Abandon();
            permits[3].Dispose();
            permits[4].Fail();
        }
    }

    [Fact]
    public void WordsOfAnExpiredTrial_DisturbNeitherTheNextTrialNorTheClosedState()
    {
        var expired = OpenAndTry();
        Time.RunTo(125_000);
        var next = Enter();

        expired.Abandon();
        Assert.Null(Breaker.TryEnter());
        expired.Fail();
        Assert.Equal(BreakerState.HalfOpen, Breaker.State);

        next.Succeed();
        expired.Fail();
        Calls(failures: 3);
        Assert.Equal(BreakerState.Closed, Breaker.State);
    }
}
