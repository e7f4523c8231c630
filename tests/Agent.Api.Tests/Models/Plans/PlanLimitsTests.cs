using System.Runtime.CompilerServices;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>D3: what keeps traffic from a route, and a route from more traffic than it bears.</summary>
public sealed class PlanLimitsTests
{
    private static readonly ResilienceKnobs Knobs = new() { Retries = 0, BreakerMinimumCalls = 1, BreakSeconds = 10, RecoveryStepSeconds = 10 };

    [Fact]
    public async Task Speak_BreakerIsOpen_TheNextOneAnswersAtOnce()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        await plan.BreakAsync("a");
        var told = plan.Speak();
        await AnswerAsync(plan["b"]);

        Assert.Equal(["a>b breaker-open Fallback", "b: ok", "end"], await told.AllAsync());
        Assert.Equal(1, plan["a"].Calls);
    }

    [Fact]
    public async Task Speak_FallbackFailedAMomentAgo_IsPassedOverUntilItHasCooledDown()
    {
        using var plan = new PlanHarness(Knobs with { BreakerMinimumCalls = 100, FallbackCoolDownSeconds = 5 }, ["a", "b"]);
        Assert.Equal(["a>b unavailable Fallback", "b>rules unavailable Fallback", "rules: Sorry.", "end"], await BothFailAsync(plan));

        plan.Time.Advance(4.999);
        var told = plan.Speak(withRules: true);
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        Assert.Equal(["a>b unavailable Fallback", "b>rules cooling-down Fallback", "rules: Sorry.", "end"], await told.AllAsync());

        plan.Time.Advance(0.001);
        told = plan.Speak();
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        await AnswerAsync(plan["b"]);
        Assert.Equal(["a>b unavailable Fallback", "b: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Speak_FallbackCoolsDown_AsTheFirstOfAPlanItIsAskedAllTheSame()
    {
        using var plan = new PlanHarness(Knobs with { BreakerMinimumCalls = 100 }, ["a", "b"]);
        await BothFailAsync(plan);
        var told = plan.Speak(plan.Caller("b"));
        await AnswerAsync(plan["b"]);

        Assert.Equal(["b: ok", "end"], await told.AllAsync());
    }

    [Theory]
    [InlineData(60, null)]
    [InlineData(null, 60)]
    public async Task CoolDown_SeveralFailuresAtOnce_TheLongestPauseHolds(int? first, int? second)
    {
        using var plan = new PlanHarness(Knobs with { BreakerMinimumCalls = 100, FallbackCoolDownSeconds = 5 }, ["a", "b"]);
        var (one, other) = (plan.Speak(plan.Caller("b"), isFallback: true), plan.Speak(plan.Caller("b"), isFallback: true));
        var calls = (await plan["b"].NextCallAsync(), await plan["b"].NextCallAsync());
        calls.Item1.Fail(PlanHarness.Status(429, first));
        await plan.AttemptsAsync(1);
        calls.Item2.Fail(PlanHarness.Status(429, second));
        await plan.AttemptsAsync(2);

        plan.Time.Advance(59);
        Assert.Equal(["b: cooling-down"], await plan.Speak(plan.Caller("b"), isFallback: true).AllAsync());
        plan.Time.Advance(1);
        var told = plan.Speak(plan.Caller("b"), isFallback: true);
        await AnswerAsync(plan["b"]);
        Assert.Equal(["b: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task CoolDown_FallbackStalls_HasFailedAsAnyOther()
    {
        using var plan = new PlanHarness(Knobs with { BreakerMinimumCalls = 100, FallbackCoolDownSeconds = 5 }, ["a", "b"]);
        var told = plan.Speak(plan.Caller("b"), isFallback: true);
        (await plan["b"].NextCallAsync()).Say("B");
        Assert.Equal("b: B", await told.NextAsync());
        plan.Time.Advance(5);
        Assert.Equal(["b: stalled"], await told.AllAsync());

        Assert.Equal(["b: cooling-down"], await plan.Speak(plan.Caller("b"), isFallback: true).AllAsync());
    }

    [Fact]
    public async Task CoolDown_FallbackRefusedARequest_IsNotItsFault()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(plan.Caller("b"), isFallback: true);
        (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(400));
        await told.AllAsync();

        told = plan.Speak(plan.Caller("b"), isFallback: true);
        await AnswerAsync(plan["b"]);
        Assert.Equal(["b: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task FallbackCalls_HundredsAtOnce_AreNeverMoreThanTheLimit()
    {
        const int Limit = 8;
        const int Calls = 200;
        var crowd = new Crowd();
        using var plan = new PlanHarness(Knobs, ["a", "b"], route => route.Name == "b" ? route with { Client = crowd, FallbackCalls = Limit } : route);
        await plan.BreakAsync("a");
        var health = plan.Health("b");
        crowd.OnCall = () => health.FallbackCalls;

        var told = new Telling[Calls];
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = 16 }, (i, _) =>
        {
            told[i] = plan.Speak(withRules: true);
            crowd.Note(health.FallbackCalls);
            return ValueTask.CompletedTask;
        });
        Assert.Equal(Limit, crowd.Active); // who has a place keeps it
        Assert.Equal(Limit, health.FallbackCalls);
        crowd.Open();

        var answers = await Task.WhenAll(told.Select(one => one.AllAsync()));
        Assert.Equal(Limit, answers.Count(answer => answer.SequenceEqual(["a>b breaker-open Fallback", "b: ok", "end"])));
        Assert.Equal(
            Calls - Limit,
            answers.Count(answer => answer.SequenceEqual(["a>b breaker-open Fallback", "b>rules busy Fallback", "rules: Sorry.", "end"])));

        // And with the places given back all the time.
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, _) =>
        {
            await plan.Speak(withRules: true).AllAsync();
            crowd.Note(health.FallbackCalls);
        });
        Assert.Equal((Limit, Limit), (crowd.Most, crowd.MostCounted));
        await AspireAgent.Testing.Poll.UntilAsync(() => health.FallbackCalls == 0, "all places to be free");
    }

    [Fact]
    public async Task Recovery_AfterABreak_TheTrafficComesBackByATenthAQuarterAHalf()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        await plan.RecoverAsync("a");

        // Each step's share, to a hair.
        foreach (var share in new[] { 0.1, 0.25, 0.5 })
        {
            plan.Dice.Value = share;
            Assert.Equal(["a>b recovering Fallback", "b: ok", "end"], await SpeakAsync(plan, "b"));
            plan.Dice.Value = share - 0.001;
            Assert.Equal(["a: ok", "end"], await SpeakAsync(plan, "a"));
            plan.Dice.Value = 0.5; // the steps' lengths, without jitter
            plan.Time.Advance(10);
        }

        plan.Dice.Value = 0.999;
        Assert.Equal(["a: ok", "end"], await SpeakAsync(plan, "a"));
    }

    [Fact]
    public async Task Recovery_TheNextOneFails_TheSparedOneAnswersAndNothingWasSwitched()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        await plan.RecoverAsync("a");
        var told = plan.Speak();
        (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(500));
        await AnswerAsync(plan["a"]);

        Assert.Equal(["a: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Recovery_PlanOfOneRoute_SparesNothing()
    {
        using var plan = new PlanHarness(Knobs, ["a"]);
        await plan.RecoverAsync("a");

        Assert.Equal(["a: ok", "end"], await SpeakAsync(plan, "a"));
    }

    private static async Task<IReadOnlyList<string>> BothFailAsync(PlanHarness plan)
    {
        var told = plan.Speak(withRules: true);
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        (await plan["b"].NextCallAsync()).Fail(PlanHarness.Status(503));
        return await told.AllAsync();
    }

    private static async Task<IReadOnlyList<string>> SpeakAsync(PlanHarness plan, string route)
    {
        var told = plan.Speak();
        await AnswerAsync(plan[route]);
        return await told.AllAsync();
    }

    private static async Task AnswerAsync(FakeChatClient model)
    {
        var call = await model.NextCallAsync();
        call.Say("ok");
        call.Finish();
    }

    /// <summary>Answers everybody, once it is opened, and counts how many it has at a time.</summary>
    private sealed class Crowd : IChatClient
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _active;
        private int _most;
        private int _mostCounted;

        public Func<int> OnCall { get; set; } = () => 0;

        public int Active => Volatile.Read(ref _active);

        public int Most => Volatile.Read(ref _most);

        public int MostCounted => Volatile.Read(ref _mostCounted);

        public void Open() => _open.SetResult();

        public void Note(int counted) => Raise(ref _mostCounted, counted);

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            Raise(ref _most, Interlocked.Increment(ref _active));
            Note(OnCall());
            await _open.Task.WaitAsync(cancellationToken);
            await Task.Yield();
            Interlocked.Decrement(ref _active);
            yield return new ChatResponseUpdate(ChatRole.Assistant, "ok") { FinishReason = ChatFinishReason.Stop };
        }

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Turns stream.");

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }

        private static void Raise(ref int most, int seen)
        {
            for (var known = Volatile.Read(ref most); seen > known;)
            {
                var before = Interlocked.CompareExchange(ref most, seen, known);
                known = before == known ? seen : before;
            }
        }
    }
}
