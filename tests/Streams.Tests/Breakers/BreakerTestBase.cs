using System.Reactive.Subjects;
using AspireAgent.Streams.Breakers;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>A breaker that opens at the fourth call of 10 s if half of them failed, for 60 s, and gives a trial 5 s.</summary>
public abstract class BreakerTestBase : IDisposable
{
    private protected BreakerTestBase()
    {
        Settings = new(new BreakerSettings
        {
            FailureShare = 0.5,
            MinimumCalls = 4,
            Window = TimeSpan.FromSeconds(10),
            Break = TimeSpan.FromSeconds(60),
            TrialTimeout = TimeSpan.FromSeconds(5),
        });
        Breaker = new CircuitBreaker(Settings, Time.Scheduler, Random);
        Seen = Time.Record(Breaker.States);
    }

    private protected VirtualTime Time { get; } = new();

    private protected BehaviorSubject<BreakerSettings> Settings { get; }

    private protected FixedRandom Random { get; } = new();

    private protected CircuitBreaker Breaker { get; }

    private protected Recording<BreakerState> Seen { get; }

    public void Dispose()
    {
        Breaker.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Calls(int successes = 0, int failures = 0)
    {
        for (var i = 0; i < successes; i++)
        {
            Enter().Succeed();
        }

        for (var i = 0; i < failures; i++)
        {
            Enter().Fail();
        }
    }

    private protected BreakerPermit Enter() => Assert.IsType<BreakerPermit>(Breaker.TryEnter());

    /// <summary>Opens it now, and moves to where its break is over.</summary>
    private protected BreakerPermit OpenAndTry()
    {
        Calls(failures: 4);
        Time.RunTo(Time.Now + 60_000);
        var trial = Enter();
        Assert.True(trial.IsTrial);
        return trial;
    }

    private protected void Change(Func<BreakerSettings, BreakerSettings> change) => Settings.OnNext(change(Settings.Value));
}
