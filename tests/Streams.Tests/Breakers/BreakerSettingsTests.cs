using AspireAgent.Streams.Breakers;

namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>Settings change while it runs.</summary>
public class BreakerSettingsTests : BreakerTestBase
{
    [Fact]
    public void LowerThreshold_JudgesTheKeptWindowAtOnce()
    {
        Calls(successes: 7, failures: 3);
        Time.RunTo(1_000);

        Change(settings => settings with { FailureShare = 0.3 });

        Assert.Equal(["0 Closed", "1000 Open"], Seen);
    }

    [Fact]
    public void FewerMinimumCalls_JudgeTheKeptWindowAtOnce()
    {
        Calls(failures: 2);
        Time.RunTo(1_000);

        Change(settings => settings with { MinimumCalls = 2 });

        Assert.Equal(["0 Closed", "1000 Open"], Seen);
    }

    [Fact]
    public void HigherThreshold_KeepsTheWindow()
    {
        Calls(failures: 3);
        Change(settings => settings with { MinimumCalls = 6 });
        Calls(failures: 2);
        Assert.Equal(BreakerState.Closed, Breaker.State);

        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void ShorterWindow_CountsTheNewerPart()
    {
        Calls(failures: 2);
        Time.RunTo(5_000);
        Calls(failures: 1);

        Change(settings => settings with { Window = TimeSpan.FromSeconds(3) });
        Calls(failures: 2);
        Assert.Equal(BreakerState.Closed, Breaker.State);

        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void LongerWindow_KeepsWhatIsThere()
    {
        Calls(failures: 3);
        Time.RunTo(9_000);
        Change(settings => settings with { Window = TimeSpan.FromSeconds(60) });
        Time.RunTo(50_000);
        Calls(failures: 1);

        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void WindowThatShrinksAndGrows_CountsWhatComesThen()
    {
        Calls(failures: 3);
        Time.RunTo(5_000);
        Change(settings => settings with { Window = TimeSpan.FromSeconds(3) });
        Change(settings => settings with { Window = TimeSpan.FromSeconds(3_000) });

        Calls(failures: 3);
        Assert.Equal(BreakerState.Closed, Breaker.State);
        Calls(failures: 1);
        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Theory]
    [InlineData(20, 20_000)]
    [InlineData(90, 90_000)]
    [InlineData(5, 10_000)] // already over
    public void NewBreak_MeasuresTheRunningOneFromItsBeginning(int seconds, int end)
    {
        Calls(failures: 4);
        Time.RunTo(10_000);
        Random.Next01 = 0; // the running break keeps its jitter

        Change(settings => settings with { Break = TimeSpan.FromSeconds(seconds) });
        Time.RunTo(200_000);

        Assert.Equal(["0 Closed", "0 Open", $"{end} HalfOpen"], Seen);
    }

    [Theory]
    [InlineData(3, 63_000)]
    [InlineData(20, 80_000)]
    public void NewTrialTimeout_MeasuresTheRunningTrialFromItsBeginning(int seconds, int end)
    {
        OpenAndTry();
        Time.RunTo(62_000);

        Change(settings => settings with { TrialTimeout = TimeSpan.FromSeconds(seconds) });
        Time.RunTo(100_000);

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", $"{end} Open"], Seen);
    }

    [Fact]
    public void ChangeWhileHalfOpenWithoutATrial_ChangesNothing()
    {
        Calls(failures: 4);
        Time.RunTo(70_000);

        Change(settings => settings with { TrialTimeout = TimeSpan.FromSeconds(1), Break = TimeSpan.FromSeconds(1) });
        Time.RunTo(100_000);

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen"], Seen);
    }

    [Fact]
    public void SettingsFail_TheLastOnesStayInForce()
    {
        Change(settings => settings with { MinimumCalls = 2 });
        Settings.OnError(new InvalidOperationException("broken"));

        Calls(failures: 2);

        Assert.Equal(BreakerState.Open, Breaker.State);
    }

    [Fact]
    public void SenselessValues_Throw()
    {
        Action[] senseless =
        [
            () => _ = new BreakerSettings { FailureShare = 0 },
            () => _ = new BreakerSettings { FailureShare = 1.1 },
            () => _ = new BreakerSettings { FailureShare = double.NaN },
            () => _ = new BreakerSettings { MinimumCalls = 0 },
            () => _ = new BreakerSettings { Window = TimeSpan.Zero },
            () => _ = new BreakerSettings { Break = TimeSpan.Zero },
            () => _ = new BreakerSettings { TrialTimeout = Timeout.InfiniteTimeSpan },
        ];

        Assert.All(senseless, make => Assert.Throws<ArgumentOutOfRangeException>(make));
    }
}
