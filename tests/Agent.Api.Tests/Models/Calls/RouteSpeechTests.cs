using System.Text.Json;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>How an answer of a route ends, well or not.</summary>
public sealed class RouteSpeechTests
{
    private static readonly ResilienceKnobs Knobs = new() { Retries = 0, BreakerMinimumCalls = 100 };

    [Fact]
    public async Task End_WithoutAWord_IsEmpty()
    {
        using var route = Route();
        var told = Speak(route);
        (await route["a"].NextCallAsync()).Updates.Writer.Complete();
        Assert.Equal(["a: empty"], await told.AllAsync());

        told = Speak(route);
        (await route["a"].NextCallAsync()).Finish(); // usage, and the word that it is over
        Assert.Equal(["a: empty"], await told.AllAsync());
        Assert.Equal(2, route.Unheard.Count); // the prompt was read
    }

    [Theory]
    [InlineData("length")]
    [InlineData("content_filter")]
    public async Task End_WithoutAWordAndWithAReason_IsAnAnswer(string reason)
    {
        using var route = Route();
        var told = Speak(route);
        End(await route["a"].NextCallAsync(), new ChatFinishReason(reason));

        Assert.Equal(["end"], await told.AllAsync());
    }

    [Fact]
    public async Task End_WithNothingToAddToWordsThatItGoesOnFrom_IsAnAnswer()
    {
        using var route = Route();
        var told = route.Speak(route.Caller("a"), request: new ModelRequest(
            [new ChatMessage(ChatRole.User, "hello"), new ChatMessage(ChatRole.Assistant, "Hello.")], new ChatOptions(), MayBeEmpty: true));
        (await route["a"].NextCallAsync()).Finish();

        Assert.Equal(["end"], await told.AllAsync());
    }

    [Fact]
    public async Task End_WithoutAFinishReason_IsBroken()
    {
        using var route = Route();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        call.Updates.Writer.Complete(); // politely

        Assert.Equal(["a: Hel", "a: broken"], await told.AllAsync());
        Assert.Equal(["a: broken"], await route.AttemptsAsync(1));
    }

    public static TheoryData<Exception, string> Breaks { get; } = new()
    {
        { new IOException(), "broken" },
        { new HttpRequestException(HttpRequestError.ResponseEnded), "broken" },
        { new OperationCanceledException(), "broken" }, // the client's own time-out
        { new JsonException(), "garbled" },
        { new NotSupportedException(), "unexpected" },
    };

    [Theory]
    [MemberData(nameof(Breaks), DisableDiscoveryEnumeration = true)]
    public async Task Break_InMidAnswer_IsToldAndNotTriedAgain(Exception failure, string slug)
    {
        using var route = Route(Knobs with { Retries = 3 });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        call.Fail(failure);

        Assert.Equal(["a: Hel", $"a: {slug}"], await told.AllAsync());
        Assert.Equal(1, route["a"].Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Break_AfterTheFinishReason_TakesNothingFromTheAnswer(bool isSilent)
    {
        using var route = Route();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hello");
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = ChatFinishReason.Stop });
        await route.Time.WaitsAsync(5);
        Assert.Equal("a: Hello", await told.NextAsync());
        if (isSilent)
        {
            route.Time.Advance(5);
        }
        else
        {
            call.Fail(new IOException()); // what it has used will not be known
        }

        Assert.Equal(["end"], await told.AllAsync());
    }

    [Theory]
    [InlineData("tool_calls")]
    [InlineData("stop")] // as some servers say
    public async Task Break_WhileAToolCallIsStillToCome_IsBroken(string reason)
    {
        using var route = Route();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Let me see.");
        call.Updates.Writer.TryWrite(ToolPiece.Update()); // whole calls come at the very end
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = new ChatFinishReason(reason) });
        call.Fail(new IOException());

        Assert.Equal(["a: Let me see.", "a: broken"], await told.AllAsync());
    }

    [Fact]
    public async Task Stall_ClosesTheWireAndTellsHowLong()
    {
        using var route = Route();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        Assert.Equal("a: Hel", await told.NextAsync());
        await route.Time.WaitsAsync(5);
        route.Time.Advance(5);

        Assert.Equal(["a: stalled"], await told.AllAsync());
        Assert.Equal("nothing for 5.0 s", Assert.IsType<CallException>(told.Error).Detail);
        Assert.True(await call.Ended.Task);
        Assert.Equal(["a: stalled"], await route.AttemptsAsync(1));
    }

    [Fact]
    public async Task TotalTimeout_AnswerThatNeverEnds_IsCut()
    {
        using var route = Route(with: a => a with { TotalTimeout = TimeSpan.FromSeconds(20) });
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        for (var second = 0; second < 20; second++)
        {
            call.Say("la");
            Assert.Equal("a: la", await told.NextAsync());
            route.Time.Advance(1);
        }

        Assert.Equal(["a: timeout"], await told.AllAsync());
        Assert.True(await call.Ended.Task);
    }

    [Fact]
    public async Task Room_ThereIsNone_TheModelIsNotPulled()
    {
        using var route = Route();
        var room = new TaskCompletionSource();
        var told = route.Speak(route.Caller("a"), room: _ => new ValueTask(room.Task));
        var call = await route["a"].NextCallAsync();
        call.Say("Hel", "lo");
        call.Finish();
        Assert.Equal("a: Hel", await told.NextAsync());
        route.Time.Advance(60); // our own time, no stall
        Assert.False(told.HasMore);
        room.SetResult();

        Assert.Equal(["a: lo", "end"], await told.AllAsync());
    }

    [Fact]
    public async Task LetGo_InMidAnswer_ClosesTheWire()
    {
        using var route = Route();
        var told = Speak(route);
        var call = await route["a"].NextCallAsync();
        call.Say("Hel");
        Assert.Equal("a: Hel", await told.NextAsync());
        told.Dispose();

        Assert.True(await call.Ended.Task);
        Assert.Equal(["a: cancelled"], await route.AttemptsAsync(1));
        Assert.Empty(route.Unheard); // what it said is known to whom it was said
        Assert.False(route.Knobs.HasObservers);
    }

    [Fact]
    public async Task LetGo_BeforeTheFirstWord_IsChargedAtOnce()
    {
        using var route = Route();
        var told = Speak(route);
        await route["a"].NextCallAsync();
        told.Dispose();

        Assert.Single(route.Unheard); // whoever stops a turn sums up next
    }

    private static PlanHarness Route(ResilienceKnobs? knobs = null, Func<ModelRoute, ModelRoute>? with = null) => new(knobs ?? Knobs, ["a"], with);

    private static Telling Speak(PlanHarness route) => route.Speak(route.Caller("a"));

    private static void End(FakeCall call, ChatFinishReason reason)
    {
        call.Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = reason });
        call.Updates.Writer.Complete();
    }
}
