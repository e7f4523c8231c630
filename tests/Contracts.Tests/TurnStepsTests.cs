using System.Text.Json;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using CsCheck;

namespace AspireAgent.Contracts.Tests;

/// <summary>The fold of turns in which the agent runs tools.</summary>
public class TurnStepsTests
{
    private static readonly BuildId Build = new("0.1.0", "aa", "sim-large", BuildId.NoIndex);

    [Fact]
    public void Fold_TwoStepsAndAnAnswer_IsAConversationThatAVendorTakes()
    {
        var state = Turn(
            Token("Let me see. "), Called("c1", "clock"), Called("c2", "sum"), Returned("c2", "3"), Returned("c1", "noon"),
            Called("c3", "sum"), Failed("c3", ToolReturned.Timeout),
            Token("It is "), Token("noon."), Completed());

        Assert.Equal(
            [
                "user: hello", "assistant: Let me see.  [c1 clock, c2 sum]", "tool c1: noon", "tool c2: 3",
                "assistant:  [c3 sum]", """tool c3: {"error":"timeout"}""", "assistant: It is noon.",
            ],
            state.Messages.Select(Tell));
    }

    [Fact]
    public void Fold_StepWithToolsOutstanding_KnowsWhichAndOfWhatEffect()
    {
        var turn = Turn(Token("So"), Called("c1", "clock"), Called("c2", "mail", "effectful"), Returned("c1", "noon")).Running!;

        Assert.Equal(("So", 0), (turn.PartialText, turn.Steps.Count));
        Assert.Equal(("c2", "mail", "effectful"), Assert.Single(turn.Pending.Select(call => (call.Call, call.Name, call.Effect))));
    }

    [Fact]
    public void Fold_AllToolsReturned_TheNextWordsAreANewStep()
    {
        var turn = Turn(Token("So"), Called("c1", "clock"), Returned("c1", "noon")).Running!;

        Assert.Empty(turn.Pending);
        Assert.Empty(turn.ToolCalls);
        Assert.Equal(("", 1), (turn.PartialText, turn.Steps.Count));
        Assert.Equal(["user: hello", "assistant: So [c1 clock]", "tool c1: noon"], turn.ToMessages().Select(Tell));
    }

    [Fact]
    public void Fold_SameIdInTwoSteps_EachHasItsOwnReturn()
    {
        var state = Turn(Called("c", "sum"), Returned("c", "1"), Called("c", "sum"), Returned("c", "2"), Token("2"), Completed());

        Assert.Equal(["tool c: 1", "tool c: 2"], state.Messages.Where(message => message.Role == "tool").Select(Tell));
    }

    [Fact]
    public void Fold_ReturnedTwiceOrOfNoCall_CountsOnce()
    {
        var turn = Turn(
            Called("c1", "sum"), Called("c2", "sum"), Returned("c1", "1"), Returned("c1", "other"), Returned("c9", "x"), Returned("c2", "2"),
            Returned("c2", "late")).Running!;

        Assert.Equal(["tool c1: 1", "tool c2: 2"], turn.ToMessages().Skip(2).Select(Tell));
        Assert.Single(turn.Steps);
    }

    [Fact]
    public void Fold_Restart_TakesBackThePresentStepAlone()
    {
        var turn = Turn(
            Token("a", Build), Called("c1", "sum"), Returned("c1", "1"), Token("b"), Called("c2", "sum"),
            new ModelSwitched("x", "y", "broken", SwitchedHow.Restart), Returned("c2", "late"), Token("c")).Running!;

        Assert.Equal(["user: hello", "assistant: a [c1 sum]", "tool c1: 1", "assistant: c"], turn.ToMessages().Select(Tell));
        Assert.Equal(("y", null), (turn.Route, turn.Build));
    }

    [Fact]
    public void Fold_RestartAfterSomeToolsReturned_KeepsTheStepAndSaysThatTheOthersWereInterrupted()
    {
        var turn = Turn(
            Called("c1", "sum"), Called("c2", "mail", "effectful"), Returned("c1", "1"),
            new ModelSwitched("x", "y", "broken", SwitchedHow.Restart), Token("c")).Running!;

        Assert.Empty(turn.Pending);
        Assert.Equal(
            ["user: hello", "assistant:  [c1 sum, c2 mail]", "tool c1: 1", """tool c2: {"error":"interrupted"}""", "assistant: c"],
            turn.ToMessages().Select(Tell));
    }

    [Fact]
    public void Fold_Continuation_LeavesTheStepAsItIs()
    {
        var turn = Turn(
            Called("c1", "sum"), Returned("c1", "1"), Token("b"), new ModelSwitched("x", "y", "crash", SwitchedHow.Continuation), Token("c")).Running!;

        Assert.Equal(("bc", 1), (turn.PartialText, turn.Steps.Count));
    }

    public static TheoryData<SessionEvent> EarlyEnds { get; } =
        [new TurnCancelled(CancelledBy.User) { Turn = "a" }, new TurnFailed("interrupted", true) { Turn = "a" }];

    [Theory]
    [MemberData(nameof(EarlyEnds))]
    public void Fold_EndedWhileToolsRun_SaysThatTheyWereInterrupted(SessionEvent end)
    {
        var state = Turn(Token("So"), Called("c1", "clock"), Called("c2", "mail", "effectful"), Returned("c1", "noon"), end);

        Assert.Null(state.Running);
        Assert.Equal(
            ["user: hello", "assistant: So [c1 clock, c2 mail]", "tool c1: noon", """tool c2: {"error":"interrupted"}"""],
            state.Messages.Select(Tell));
    }

    [Fact]
    public void Fold_CallsOfOursAndOfTheCallers_TheCallerAnswersItsOwn()
    {
        var state = Turn(Called("c1", "sum"), Called("k1", "weather", ToolCalled.Client));
        Assert.True(state.Running!.AwaitsCaller);
        Assert.Equal("c1", Assert.Single(state.Running.Pending).Call);

        state = Fold(state, Returned("c1", "1"));
        Assert.True(state.Running!.AwaitsCaller);
        Assert.Equal(["user: hello", "assistant:  [c1 sum, k1 weather]", "tool c1: 1"], Fold(state, Completed()).Messages.Select(Tell));
        Assert.False(Turn(Called("c1", "sum")).Running!.AwaitsCaller);
    }

    [Fact]
    public void Fold_MovedInMidStep_TellsWhatTheFormerOwnerHadSaid()
    {
        var turn = Turn(Token("a"), Called("c1", "sum"), new SessionMoved(SessionMoved.Crash)).Running!;
        Assert.Equal(["a", "{}"], turn.FormersText.Reverse());
        Assert.Equal(1, turn.MovesInVain);

        turn = Turn(Called("c1", "sum"), new SessionMoved(SessionMoved.Crash), Returned("c1", "1")).Running!;
        Assert.Equal((1, 0), (turn.Moves, turn.MovesInVain));
    }

    [Fact]
    public void Snapshot_OfATurnWithSteps_HasThemBesideThePresentWords()
    {
        var snapshot = Turn(Token("So"), Called("c1", "clock"), Returned("c1", "noon"), Token("It")).ToSnapshot();
        var read = JsonSerializer.Deserialize(JsonSerializer.Serialize(snapshot, WireJson.Types.SessionSnapshot), WireJson.Types.SessionSnapshot)!;

        Assert.Equal(["assistant: So [c1 clock]", "tool c1: noon"], read.Steps!.Select(Tell));
        Assert.Equal("It", read.PartialText);
        Assert.Null(Turn(Token("It")).ToSnapshot().Steps);
    }

    [Fact]
    public void Checkpoint_AfterTurnsWithTools_IsTheSameStateAgain()
    {
        var state = Turn(Token("So"), Called("c1", "clock"), Returned("c1", "noon"), Token("Noon."), Completed());
        var json = JsonSerializer.Serialize(SessionCheckpoint.Of(state), WireJson.Types.SessionCheckpoint);
        var again = JsonSerializer.Deserialize(json, WireJson.Tolerant.SessionCheckpoint)!.ToState();

        Assert.Equal(state.Messages.Select(Tell), again.Messages.Select(Tell));
        Assert.Equal(json, JsonSerializer.Serialize(SessionCheckpoint.Of(again), WireJson.Types.SessionCheckpoint));
    }

    // What was written before there were tools of our own.
    [Fact]
    public void Checkpoint_OfAnOlderPod_IsRead()
    {
        const string Json = """
            {"seq":5,"state":{"tenant":"demo","tier":"vip","subject":"u","createdAt":"2026-11-22T08:00:00.000Z",
            "lastAt":"2026-11-22T08:00:00.000Z","ephemeral":false,"closed":false,"messages":[{"role":"user","text":"hi"},
            {"role":"assistant","text":"","toolCalls":[{"id":"c","name":"weather","arguments":"{}"}]}],"waiting":[],"configPatch":{},
            "configRevision":0,"inputs":[],"turns":[2]}}
            """;

        var state = JsonSerializer.Deserialize(Json, WireJson.Tolerant.SessionCheckpoint)!.ToState();

        Assert.Equal(["user: hi", "assistant:  [c weather]"], state.Messages.Select(Tell));
    }

    // Whatever happens in a turn, and wherever it ends: each call of ours is answered right after the message that makes it, and no answer
    // is without its call.
    [Fact]
    public void Fold_AnyTurn_LeavesNoCallWithoutItsAnswer()
    {
        var id = Gen.Int[0, 3].Select(i => $"c{i}");
        var step = Gen.OneOf<SessionEvent>(
            Gen.Const<SessionEvent>(Token("t")),
            id.Select(SessionEvent (call) => Called(call, "sum")),
            id.Select(SessionEvent (call) => Returned(call, "1")),
            Gen.Const<SessionEvent>(new ModelSwitched("x", "y", "broken", SwitchedHow.Restart)),
            Gen.Const<SessionEvent>(new SessionMoved(SessionMoved.Crash)));

        step.Array[0, 20].Sample(events =>
        {
            var messages = Turn([.. events, new TurnCancelled(CancelledBy.User) { Turn = "a" }]).Messages;
            for (var i = 0; i < messages.Count; i++)
            {
                var calls = messages[i].ToolCalls?.Select(call => call.Id).ToList() ?? [];
                Assert.Equal(calls, messages.Skip(i + 1).Take(calls.Count).Select(message => message.ToolCallId));
            }

            Assert.Equal(messages.Sum(message => message.ToolCalls?.Count ?? 0), messages.Count(message => message.Role == "tool"));
        });
    }

    private static TokenProduced Token(string text, BuildId? build = null) => new(text, build?.Fingerprint(), build);

    private static ToolCalled Called(string call, string name, string effect = "read-only") => new(call, name, "{}", effect);

    private static ToolReturned Returned(string call, string result) => new(call, Ok: true, result);

    private static ToolReturned Failed(string call, string error) => new(call, Ok: false, Error: error);

    private static TurnCompleted Completed() => new("stop", new TokenUsage(1, 2), 1) { Turn = "a" };

    private static string Tell(ConversationMessage message) =>
        $"{message.Role}{(message.ToolCallId is { } call ? $" {call}" : "")}: {message.Text}"
        + (message.ToolCalls is { } calls ? $" [{string.Join(", ", calls.Select(made => $"{made.Id} {made.Name}"))}]" : "");

    private static SessionState Turn(params SessionEvent[] events) => Fold(
        SessionState.Empty,
        [new InputAccepted("1", "hello") { Turn = "a" }, new TurnStarted("1", new Dictionary<string, long>(), "x") { Turn = "a" }, .. events]);

    private static SessionState Fold(SessionState state, params SessionEvent[] events) => events.Aggregate(
        state, (before, happened) => before.Apply(WireJson.ReadEvent(WireJson.Write(happened with { Seq = before.Seq + 1 }))));
}
