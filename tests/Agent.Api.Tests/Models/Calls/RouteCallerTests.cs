using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>What stands before a route's first word: tries, their pauses and the time for all of them.</summary>
public sealed class RouteCallerTests
{
    private static readonly ResilienceKnobs Knobs = new() { Retries = 1, BreakerMinimumCalls = 100 };

    public static TheoryData<Exception, string> Transient { get; } = new()
    {
        { PlanHarness.Status(429), "rate-limited" },
        { PlanHarness.Status(503), "unavailable" },
        { new HttpRequestException(HttpRequestError.ConnectionError), "unreachable" },
        { new JsonException(), "garbled" },
    };

    [Theory]
    [MemberData(nameof(Transient), DisableDiscoveryEnumeration = true)]
    public async Task Retry_TransientFailure_IsTriedAgainAfterAPauseAndThenTold(Exception failure, string slug)
    {
        using var route = Route();
        using var retries = new MetricCollector<long>(route.Meters, AgentMetrics.MeterName, "aspireagent.model.retries");
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(failure);
        route.Time.Advance(await route.Time.WaitsAsync(0.05, 0.15));
        (await route["a"].NextCallAsync()).Fail(failure);

        Assert.Equal([$"a: {slug}"], await told.AllAsync());
        Assert.Equal(2, route["a"].Calls);
        Assert.Equal("a", Assert.Single(retries.GetMeasurementSnapshot()).Tags["aspireagent.route"]);
        Assert.Equal([$"a: {slug}"], await route.AttemptsAsync(1));
    }

    [Theory]
    [InlineData(400, "refused")]
    [InlineData(401, "unauthorized")]
    [InlineData(404, "misconfigured")]
    public async Task Retry_NoOtherTryWouldDoBetter_IsToldAtOnce(int status, string slug)
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(status));

        Assert.Equal([$"a: {slug}"], await told.AllAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Retry_AsOftenAsTheKnobSays(int retries)
    {
        using var route = Route(Knobs with { Retries = retries });
        var told = Speak(route);
        for (var call = 0; call <= retries; call++)
        {
            (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503, retryAfter: 0)); // at once
        }

        Assert.Equal(["a: unavailable"], await told.AllAsync());
        Assert.Equal(retries + 1, route["a"].Calls);
    }

    [Fact]
    public async Task Retry_SecondTrySpeaks_NothingIsToldOfTheFirst()
    {
        using var route = Route();
        var told = Speak(route);
        var first = await route["a"].NextCallAsync();
        first.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [])); // no word yet
        first.Fail(PlanHarness.Status(503, retryAfter: 0));
        await AnswerAsync(route, "ok");

        Assert.Equal(["a: ok", "end"], await told.AllAsync());
        Assert.Equal(["a: completed"], await route.AttemptsAsync(1));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task RetryAfter_Seconds_IsHonoured(int status)
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(status, retryAfter: 2));
        await route.Time.WaitsAsync(2);
        route.Time.Advance(1.999);
        Assert.Equal(1, route["a"].Calls);
        route.Time.Advance(0.001);
        await AnswerAsync(route, "ok");

        Assert.Equal(["a: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task RetryAfter_Date_IsHonoured()
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(Until(route.Time.GetUtcNow().AddSeconds(7)));
        await route.Time.WaitsAsync(7);
        route.Time.Advance(7);
        await AnswerAsync(route, "ok");

        Assert.Equal(["a: ok", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task RetryAfter_DateThatIsOver_IsTakenAsNone()
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(Until(route.Time.GetUtcNow().AddSeconds(-7)));
        route.Time.Advance(await route.Time.WaitsAsync(0.05, 0.15));
        await AnswerAsync(route, "ok");

        Assert.Equal(["a: ok", "end"], await told.AllAsync());
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(6, 4)]
    [InlineData(3_600, 0)]
    public async Task RetryAfter_LongerThanThereIsTime_IsNotWaitedFor(int retryAfter, double passed)
    {
        using var route = Route(with: a => a with { FirstTokenTimeout = TimeSpan.FromSeconds(10) });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        route.Time.Advance(passed);
        call.Fail(PlanHarness.Status(429, retryAfter));

        Assert.Equal(["a: rate-limited"], await told.AllAsync());
        Assert.Equal(1, route["a"].Calls);
    }

    [Fact]
    public async Task FirstTokenTimeout_IsThatOfAllTriesTogether()
    {
        using var route = Route(with: a => a with { FirstTokenTimeout = TimeSpan.FromSeconds(10) });
        var told = Speak(route);
        var first = await route["a"].NextCallAsync();
        route.Time.Advance(4);
        first.Fail(PlanHarness.Status(503, retryAfter: 0));
        var second = await route["a"].NextCallAsync();
        route.Time.Advance(5.999);
        Assert.False(second.Ended.Task.IsCompleted);
        route.Time.Advance(0.001);

        Assert.Equal(["a: timeout"], await told.AllAsync());
        Assert.True(await second.Ended.Task);
        Assert.Equal(2, route["a"].Calls); // and no other: the time is up
        Assert.Single(route.Unheard);
    }

    [Fact]
    public async Task FirstTokenTimeout_EmptyUpdates_AreNoFirstToken()
    {
        using var route = Route(with: a => a with { FirstTokenTimeout = TimeSpan.FromSeconds(10) });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, ""));
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails())]));
        route.Time.Advance(10);

        Assert.Equal(["a: timeout"], await told.AllAsync());
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task FirstTokenTimeout_AfterTheFirstWord_IsOver()
    {
        using var route = Route(with: a => a with { FirstTokenTimeout = TimeSpan.FromSeconds(2) });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        Assert.Equal("a: Hel", await told.NextAsync());
        route.Time.Advance(4);
        call.Say("lo");
        call.Finish();

        Assert.Equal(["a: lo", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task FirstToken_BeginningOfAToolsCall_IsOne()
    {
        using var route = Route(with: a => a with { FirstTokenTimeout = TimeSpan.FromSeconds(2) });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Updates.Writer.TryWrite(ToolPiece.Update());
        await route.Time.WaitsAsync(5); // for the next: it has begun to speak
        route.Time.Advance(4);
        call.Finish();

        Assert.Equal(["end"], await told.AllAsync());
    }

    [Fact]
    public async Task FirstWord_IsMeasuredWithItsRetries()
    {
        using var route = Route();
        using var measured = new MetricCollector<double>(route.Meters, AgentMetrics.MeterName, "aspireagent.model.first_word");
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503, retryAfter: 1));
        await route.Time.WaitsAsync(1);
        route.Time.Advance(1);
        var call = await route["a"].NextCallAsync();
        route.Time.Advance(0.5);
        call.Say("ok");
        call.Finish();
        await told.AllAsync();

        Assert.Equal((1.5, "a"), (measured.LastMeasurement!.Value, measured.LastMeasurement.Tags["aspireagent.route"]));
    }

    [Fact]
    public async Task Speak_LetGoInAPauseBetweenTries_CallsNobodyAgain()
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Fail(PlanHarness.Status(503, retryAfter: 2));
        await route.Time.WaitsAsync(2);
        told.Dispose();
        await route.AttemptsAsync(1);
        route.Time.Advance(60);

        Assert.Equal(1, route["a"].Calls);
        Assert.Equal(["a: cancelled"], await route.AttemptsAsync(1));
        Assert.Empty(route.Unheard); // it had been answered
    }

    private static PlanHarness Route(ResilienceKnobs? knobs = null, Func<ModelRoute, ModelRoute>? with = null) => new(knobs ?? Knobs, ["a"], with);

    private static Telling Speak(PlanHarness route) => route.Speak(route.Caller("a"));

    private static RouteRefusedException Until(DateTimeOffset date) => new(HttpStatusCode.TooManyRequests, new RetryConditionHeaderValue(date));

    private static async Task AnswerAsync(PlanHarness route, string text)
    {
        var call = await route["a"].NextCallAsync();
        call.Say(text);
        call.Finish();
    }
}
