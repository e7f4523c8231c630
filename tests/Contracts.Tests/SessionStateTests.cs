using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Contracts.Tests;

public class SessionStateTests
{
    [Fact]
    public void Fold_TwoTurns_RemembersWhatWasSaid()
    {
        var state = Fold(
            new SessionOpened("demo", "vip", "user"),
            new InputAccepted("1", "hello") { Turn = "a" },
            new TurnStarted("1", new Dictionary<string, long>()) { Turn = "a" },
            new TokenProduced("Hi ") { Turn = "a" },
            new TokenProduced("there") { Turn = "a" },
            new TurnCompleted("stop", new TokenUsage(1, 2), 1) { Turn = "a" },
            new InputAccepted("2", "again") { Turn = "b" },
            new TurnStarted("2", new Dictionary<string, long>()) { Turn = "b" },
            new TokenProduced("So") { Turn = "b" });

        Assert.Equal([("user", "hello"), ("assistant", "Hi there")], state.Messages.Select(message => (message.Role, message.Text)));
        Assert.Equal(("b", "again", "So"), (state.Running!.Id, state.Running.Input.Text, state.Running.PartialText));
        Assert.Empty(state.Waiting);
        Assert.Equal(9, state.Seq);
        Assert.Equal("So", state.ToSnapshot().PartialText);
    }

    [Fact]
    public void Fold_CancelledTurn_KeepsWhatItSaid()
    {
        var state = Fold(
            new InputAccepted("1", "hello") { Turn = "a" },
            new TurnStarted("1", new Dictionary<string, long>()) { Turn = "a" },
            new TokenProduced("Hi") { Turn = "a" },
            new TurnCancelled(CancelledBy.User) { Turn = "a" });

        Assert.Null(state.Running);
        Assert.Equal(["hello", "Hi"], state.Messages.Select(message => message.Text));
    }

    [Fact]
    public void Fold_CancelledBeforeItStarted_LeavesOnlyTheQueue()
    {
        var state = Fold(
            new InputAccepted("1", "a") { Turn = "a" },
            new InputAccepted("2", "b") { Turn = "b" },
            new TurnCancelled(CancelledBy.Interrupt) { Turn = "a" });

        Assert.Equal(["b"], state.Waiting.Select(waiting => waiting.Turn));
        Assert.Empty(state.Messages);
    }

    [Fact]
    public void Fold_ToolCall_IsPartOfTheAnswer()
    {
        var state = Fold(
            new InputAccepted("1", "") { Turn = "a" },
            new TurnStarted("1", new Dictionary<string, long>()) { Turn = "a" },
            new ToolCalled("c", "weather", "{}", "client") { Turn = "a" },
            new TurnCompleted("tool_calls", new TokenUsage(1, 2), 1) { Turn = "a" });

        var message = Assert.Single(state.Messages);
        Assert.Equal(("assistant", "weather"), (message.Role, message.ToolCalls![0].Name));
    }

    [Fact]
    public void Fold_ManyInputs_RemembersTheLast1024Ids()
    {
        var state = Fold([.. Enumerable.Range(0, SessionState.RememberedInputs + 10).Select(i => new InputAccepted($"{i}", "x") { Turn = $"{i}" })]);

        Assert.Equal(SessionState.RememberedInputs, state.Inputs.Count);
        Assert.False(state.Inputs.ContainsKey("9"));
        Assert.True(state.Inputs.ContainsKey("10"));
    }

    private static SessionState Fold(params SessionEvent[] events) =>
        events.Select((happened, i) => happened with { Seq = i + 1 }).Aggregate(SessionState.Empty, (state, happened) => state.Apply(happened));
}
