using System.Reactive.Concurrency;
using System.Reactive.Subjects;
using AspireAgent.Streams.Breakers;

namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>How its states are told.</summary>
public class BreakerStatesTests : BreakerTestBase
{
    [Fact]
    public void States_LateListener_HearsTheCurrentOneFirst()
    {
        Calls(failures: 4);
        Time.RunTo(1_000);

        var late = Time.Record(Breaker.States);
        Time.RunTo(100_000);

        Assert.Equal(["1000 Open", "60000 HalfOpen"], late);
    }

    [Fact]
    public void States_AListenerCausesTheNextChange_EverybodyHearsThemInOrder()
    {
        using var eager = Breaker.States.Subscribe(state =>
        {
            if (state is BreakerState.HalfOpen)
            {
                Breaker.TryEnter()?.Succeed();
            }
        });
        var after = Time.Record(Breaker.States);

        Calls(failures: 4);
        Time.RunTo(100_000);

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "60000 Closed"], after);
    }

    [Fact]
    public async Task States_AListenerBlocks_TheBreakerDoesNot()
    {
        using var told = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var listener = Breaker.States.Subscribe(state =>
        {
            if (state is BreakerState.Open)
            {
                told.Set();
                go.Wait(TestContext.Current.CancellationToken);
            }
        });

        var telling = Task.Run(() => Calls(failures: 4), TestContext.Current.CancellationToken);
        told.Wait(TestContext.Current.CancellationToken);
        Assert.Null(Breaker.TryEnter());
        Time.RunTo(60_000);
        Enter().Succeed();

        Assert.Equal(BreakerState.Closed, Breaker.State);
        go.Set();
        await telling;
        Assert.Equal("60000 Closed", Seen[^1]);
    }

    [Fact]
    public async Task States_ManyThreads_OnlyTransitionsThatExist()
    {
        var settings = new BehaviorSubject<BreakerSettings>(new()
        {
            MinimumCalls = 2,
            Break = TimeSpan.FromMilliseconds(1),
            TrialTimeout = TimeSpan.FromMilliseconds(1),
        });
        using var breaker = new CircuitBreaker(settings, TaskPoolScheduler.Default, new Random(1));
        var (states, enough) = (new List<BreakerState>(), new TaskCompletionSource());
        using var listening = breaker.States.Subscribe(state =>
        {
            states.Add(state);
            if (states.Count == 100)
            {
                enough.TrySetResult();
            }
        });

        // Threads of their own: the pool's are for the timers.
        var callers = Enumerable.Range(0, 2).Select(seed => Task.Factory.StartNew(() =>
        {
            var random = new Random(seed);
            while (!enough.Task.IsCompleted)
            {
                using var permit = breaker.TryEnter();
                Action<BreakerPermit?> say = random.Next(4) switch
                {
                    0 => said => said?.Succeed(),
                    1 => said => said?.Abandon(),
                    _ => said => said?.Fail(),
                };
                say(permit);
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        await Task.WhenAll(callers);
        breaker.Dispose();

        Assert.All(states.Zip(states.Skip(1)), change => Assert.Contains(change, new[]
        {
            (BreakerState.Closed, BreakerState.Open),
            (BreakerState.Open, BreakerState.HalfOpen),
            (BreakerState.HalfOpen, BreakerState.Open),
            (BreakerState.HalfOpen, BreakerState.Closed),
        }));
    }

    [Fact]
    public void Dispose_EndsEverything()
    {
        var trial = OpenAndTry();
        Time.RunTo(61_000);

        Breaker.Dispose();
        Breaker.Dispose();
        trial.Fail();
        Time.RunTo(200_000);

        Assert.Equal(["0 Closed", "0 Open", "60000 HalfOpen", "61000 end"], Seen);
        Assert.Equal(["200000 end"], Time.Record(Breaker.States));
        Assert.Null(Breaker.TryEnter());
        Assert.False(Settings.HasObservers);
    }

    [Fact]
    public void Dispose_WhileClosed_LetsNobodyIn()
    {
        var permit = Enter();

        Breaker.Dispose();
        permit.Fail();

        Assert.Null(Breaker.TryEnter());
        Assert.Equal(BreakerState.Closed, Breaker.State);
    }

    [Fact]
    public void BreakerState_IsTheGaugesNumber() =>
        Assert.Equal([0, 1, 2], new[] { BreakerState.Closed, BreakerState.HalfOpen, BreakerState.Open }.Select(state => (int)state));
}
