using System.Text.Json;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>Which route of a plan answers, and what is told of the way to it.</summary>
public sealed class PlanFallbackTests
{
    private static readonly ResilienceKnobs Knobs = new() { Retries = 0 };

    [Fact]
    public async Task Speak_FirstRouteIsWell_IsTheOnlyOneAsked()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        Answer(await plan["a"].NextCallAsync(), "Hel", "lo");

        Assert.Equal(["a: Hel", "a: lo", "end"], await told.AllAsync());
        Assert.Equal(0, plan["b"].Calls);
    }

    public static TheoryData<Exception, string> Failures { get; } = new()
    {
        { PlanHarness.Status(401), "unauthorized" },
        { PlanHarness.Status(429), "rate-limited" },
        { PlanHarness.Status(500), "unavailable" },
        { new HttpRequestException(HttpRequestError.NameResolutionError), "unreachable" },
        { new JsonException(), "garbled" },
        { new NotSupportedException(), "unexpected" },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task Speak_RouteFailsBeforeItsFirstWord_TheNextOneAnswersAndIsToldWhy(Exception failure, string why)
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        (await plan["a"].NextCallAsync()).Fail(failure);
        var call = await plan["b"].NextCallAsync();
        Assert.Equal("user:hello b", call.Prompt); // asked as its window wants it
        Answer(call, "Hi");

        Assert.Equal([$"a>b {why} Fallback", "b: Hi", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Speak_NoFirstWordInTime_TheNextOneAnswersAndTheWireIsClosed()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"], route => route with { FirstTokenTimeout = TimeSpan.FromSeconds(3) });
        var told = plan.Speak();
        var slow = await plan["a"].NextCallAsync();
        plan.Time.Advance(3);
        Assert.True(await slow.Ended.Task);
        Answer(await plan["b"].NextCallAsync(), "Hi");

        Assert.Equal(["a>b timeout Fallback", "b: Hi", "end"], await told.AllAsync());
        Assert.Equal("hello a", Assert.Single(plan.Unheard).Messages[0].Text);
    }

    [Fact]
    public async Task Speak_SeveralRoutesFail_EachHopIsToldInOrderWithTheFirstWord()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b", "c"]);
        var told = plan.Speak();
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        (await plan["b"].NextCallAsync()).Updates.Writer.Complete(); // empty
        var call = await plan["c"].NextCallAsync();
        Assert.False(told.HasMore);
        Answer(call, "Hi");

        Assert.Equal(["a>b unavailable Fallback", "b>c empty Fallback", "c: Hi", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Speak_AllFailed_TheRulesAnswerAsARouteOfTheirOwn()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        await FailBothAsync(plan);

        Assert.Equal(["a>b unavailable Fallback", "b>rules unreachable Fallback", "rules: Sorry.", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Speak_AllFailedAndThereIsNoRule_FailsWithAllNames()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak();
        await FailBothAsync(plan);

        Assert.Equal(["No route could answer (a: unavailable; b: unreachable)."], await told.AllAsync());
        Assert.Equal(
            [("a", CallFailure.Unavailable), ("b", CallFailure.Unreachable)],
            Assert.IsType<PlanExhaustedException>(told.Error).Failures.Select(failure => (failure.Route, failure.Failure)));
    }

    [Fact]
    public async Task Speak_Refused_EndsAtOnceThoughThereAreRoutesAndRules()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(400));

        Assert.Equal(["No route could answer (a: refused)."], await told.AllAsync());
        Assert.Equal(0, plan["b"].Calls);
    }

    [Fact]
    public async Task Speak_BreaksOffAfterItsFirstWord_IsNotThePlansToDealWith()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        var call = await plan["a"].NextCallAsync();
        call.Say("Hel");
        call.Fail(new IOException());

        Assert.Equal(["a: Hel", "a: broken"], await told.AllAsync());
        Assert.IsType<CallException>(told.Error);
        Assert.Equal(0, plan["b"].Calls);
    }

    [Fact]
    public async Task Speak_AfterAnAnswerThatBrokeOff_TellsThatHopAlone()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(after: new Hop("x", "", "broken", SwitchedHow.Continuation));
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(500));
        Answer(await plan["b"].NextCallAsync(), "Hi");

        Assert.Equal(["x>b broken Continuation", "b: Hi", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task Speak_LetGoBeforeTheFirstWord_ClosesTheWireAndAsksNobodyElse()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(withRules: true);
        var call = await plan["a"].NextCallAsync();
        told.Dispose();

        Assert.True(await call.Ended.Task);
        plan.Time.Advance(60);
        Assert.Equal(0, plan["b"].Calls);
        Assert.Single(plan.Unheard);
    }

    [Fact]
    public async Task Speak_RequestThatCannotBeMade_IsADefectOfOursAndNoTimeOut()
    {
        using var plan = new PlanHarness(Knobs, ["a", "b"]);
        var told = plan.Speak(plan.Call() with { Prepare = _ => throw new JsonException() });

        Assert.Equal(["No route could answer (a: unexpected; b: unexpected)."], await told.AllAsync());
    }

    private static async Task FailBothAsync(PlanHarness plan)
    {
        (await plan["a"].NextCallAsync()).Fail(PlanHarness.Status(503));
        (await plan["b"].NextCallAsync()).Fail(new HttpRequestException(HttpRequestError.ConnectionError));
    }

    private static void Answer(FakeCall call, params string[] words)
    {
        call.Say(words);
        call.Finish();
    }
}
