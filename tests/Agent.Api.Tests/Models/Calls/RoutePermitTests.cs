using System.Runtime.CompilerServices;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams.Breakers;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>What a route's breaker is told of its calls.</summary>
public sealed class RoutePermitTests
{
    // One failure opens it.
    private static readonly ResilienceKnobs Strict = new() { Retries = 0, BreakerMinimumCalls = 1, BreakerFailureShare = 0.01, BreakSeconds = 10 };

    // Of two calls that count one must have failed.
    private static readonly ResilienceKnobs Two = new() { Retries = 0, BreakerMinimumCalls = 2, BreakerFailureShare = 0.5 };

    [Fact]
    public async Task FirstWord_OfATrial_ClosesTheBreakerAtOnce()
    {
        using var route = await HalfOpenAsync();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        Assert.Equal(BreakerState.HalfOpen, route.Health("a").State);
        call.Say("Hel");
        Assert.Equal("a: Hel", await told.NextAsync());

        Assert.Equal(BreakerState.Closed, route.Health("a").State);
    }

    [Fact]
    public async Task Trial_FailsBeforeItsFirstWord_OpensItAgain()
    {
        using var route = await HalfOpenAsync();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(500));
        await told.AllAsync();

        Assert.Equal(BreakerState.Open, route.Health("a").State);
    }

    [Fact]
    public async Task Trial_IsOneAlone()
    {
        using var route = await HalfOpenAsync();
        var trial = Speak(route);
        await route["a"].NextCallAsync();

        Assert.Equal(["a: breaker-open"], await Speak(route).AllAsync());
        trial.Dispose();
    }

    [Fact]
    public async Task Trial_CancelledByItsUser_IsNeitherSuccessNorFailureAndTheNextCallIsTheTrial()
    {
        using var route = await HalfOpenAsync();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        told.Dispose();
        Assert.True(await call.Ended.Task);
        await route.AttemptsAsync(2);
        Assert.Equal(BreakerState.HalfOpen, route.Health("a").State);

        told = Speak(route);
        (await route["a"].NextCallAsync()).Say("Hi");
        Assert.Equal("a: Hi", await told.NextAsync());
        Assert.Equal(BreakerState.Closed, route.Health("a").State);
    }

    [Fact]
    public async Task Trial_RequestIsRefused_SaysNothingOfTheRoute()
    {
        using var route = await HalfOpenAsync();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(400));
        await told.AllAsync();

        Assert.Equal(BreakerState.HalfOpen, route.Health("a").State);
    }

    [Theory]
    [InlineData("breaks")]
    [InlineData("ends")]
    [InlineData("stalls")]
    public async Task MidAnswer_Failure_CountsThoughItHadBegunWell(string how)
    {
        using var route = Route(Strict);
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        Assert.Equal("a: Hel", await told.NextAsync());
        Assert.Equal(BreakerState.Closed, route.Health("a").State);
        switch (how)
        {
            case "breaks":
                call.Fail(new IOException());
                break;
            case "ends":
                call.Updates.Writer.Complete();
                break;
            default:
                await route.Time.WaitsAsync(5);
                route.Time.Advance(5);
                break;
        }

        await told.AllAsync();
        Assert.Equal(BreakerState.Open, route.Health("a").State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TimeOut_BeforeTheFirstWord_IsAFailure(bool isTotal)
    {
        using var route = Route(Strict, a => a with
        {
            FirstTokenTimeout = TimeSpan.FromSeconds(isTotal ? 30 : 3), TotalTimeout = TimeSpan.FromSeconds(isTotal ? 3 : 600),
        });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        route.Time.Advance(3);

        Assert.Equal(["a: timeout"], await told.AllAsync());
        Assert.True(await call.Ended.Task);
        Assert.Equal(["a: timeout"], await route.AttemptsAsync(1));
        Assert.Equal(BreakerState.Open, route.Health("a").State);
    }

    [Fact]
    public async Task Cancel_BeforeTheFirstWord_IsNeitherSuccessNorFailure()
    {
        using var route = Route(Two);
        await FailAsync(route);
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        told.Dispose();
        Assert.True(await call.Ended.Task);
        await route.AttemptsAsync(2);
        Assert.Equal(BreakerState.Closed, route.Health("a").State); // as either there would be two

        await FailAsync(route);
        Assert.Equal(BreakerState.Open, route.Health("a").State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancel_InMidAnswer_LeavesItASuccessWhateverTheClientThrows(bool isRude)
    {
        using var route = Route(Strict, a => isRude ? a with { Client = new RudeChatClient() } : a);
        var told = Speak(route);
        if (!isRude)
        {
            (await route["a"].NextCallAsync()).Say("Hel");
        }

        Assert.Equal("a: Hel", await told.NextAsync());
        told.Dispose();

        Assert.Equal(["a: cancelled"], await route.AttemptsAsync(1));
        Assert.Equal(BreakerState.Closed, route.Health("a").State);
    }

    [Fact]
    public async Task Tries_EachCounts()
    {
        using var route = Route(Two with { Retries = 1 });
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503, retryAfter: 0));
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        await told.AllAsync();

        Assert.Equal(BreakerState.Open, route.Health("a").State);
    }

    [Fact]
    public async Task Tries_TheBreakerOpensBetweenThem_IsNotCalledAgain()
    {
        using var route = Route(Strict with { Retries = 1 });
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503, retryAfter: 0));

        Assert.Equal(["a: breaker-open"], await told.AllAsync());
        Assert.Equal(1, route["a"].Calls);
    }

    private static PlanHarness Route(ResilienceKnobs knobs, Func<ModelRoute, ModelRoute>? with = null) => new(knobs, ["a"], with);

    private static Telling Speak(PlanHarness route) => route.Speak(route.Caller("a"));

    private static async Task<PlanHarness> HalfOpenAsync()
    {
        var route = Route(Strict);
        await route.BreakAsync("a");
        route.Time.Advance(10);
        Assert.Equal(BreakerState.HalfOpen, route.Health("a").State);
        return route;
    }

    private static async Task FailAsync(PlanHarness route)
    {
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(500));
        await told.AllAsync();
    }

    /// <summary>Says a word, and when it is cancelled that its connection broke.</summary>
    private sealed class RudeChatClient : IChatClient
    {
        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, "Hel");
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ContinueWith(_ => { }, CancellationToken.None);
            throw new IOException();
        }

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Turns stream.");

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
