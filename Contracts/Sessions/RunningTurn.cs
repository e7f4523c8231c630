using System.Collections.Immutable;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// The turn in progress within <see cref="SessionState"/>: the input that it answers and what it has said and done so far, step by
/// step. A step is what one call of the model says, and what the tools return that it calls; they start when the model has said all of
/// it. The turn's last step calls none of ours.
/// </summary>
public sealed record RunningTurn(InputAccepted Input)
{
    public string Id => Input.Turn ?? "";

    /// <summary>The steps that are over, oldest first: all tools of theirs have returned. Nothing takes them back.</summary>
    public ImmutableList<TurnStep> Steps { get; init; } = [];

    /// <summary>The present step.</summary>
    public TurnStep Step { get; init; } = TurnStep.Empty;

    /// <summary>The build that spoke first; null: nothing has been said, or a restart has taken it back.</summary>
    public BuildId? Build { get; init; }

    /// <summary>When its first token was written, or its first call of a tool of the caller's; null: none was. By its writer's clock.</summary>
    public DateTimeOffset? FirstTokenAt { get; init; }

    /// <summary>The route that serves it.</summary>
    public string? Route { get; init; }

    /// <summary>How often another pod went on with it.</summary>
    public int Moves { get; init; }

    /// <summary>How often, since it last said or did something.</summary>
    public int MovesInVain { get; init; }

    /// <summary>The pieces that its present owner's models said, calls of tools included, newest on top.</summary>
    public ImmutableStack<string> OwnersText { get; init; } = [];

    /// <summary>Those of the owner before.</summary>
    public ImmutableStack<string> FormersText { get; init; } = [];

    /// <summary>What the present step has said: where a continuation goes on.</summary>
    public string PartialText => Step.Text;

    /// <summary>The present step's calls of tools.</summary>
    public ImmutableList<ToolCalled> ToolCalls => Step.Calls;

    /// <summary>The calls of our tools that have not returned. After a crash nobody knows what came of them; each tells its effect.</summary>
    public IEnumerable<ToolCalled> Pending => Step.Pending;

    /// <summary>Ids of all its calls of tools.</summary>
    public IEnumerable<string> CallIds => Steps.Append(Step).SelectMany(step => step.Calls).Select(call => call.Call);

    /// <summary>Whether it has called a tool of the caller's: then no model can go on before the caller has answered with its next request.</summary>
    public bool AwaitsCaller => Steps.Append(Step).Any(step => step.Calls.Exists(call => call.IsClients));

    /// <summary>
    /// What the conversation keeps of it, were it to end now. A call of our tools that has not returned is answered with
    /// <see cref="ToolReturned.Interrupted"/>: vendors refuse a call without an answer, and the model must not think that nothing
    /// has happened. A turn of a completion call may have no input text of its own.
    /// </summary>
    public IEnumerable<ConversationMessage> ToMessages()
    {
        var said = Steps.Add(Step).SelectMany(step => step.ToMessages());
        return Input.Text.Length > 0 ? said.Prepend(new ConversationMessage("user", Input.Text)) : said;
    }

    /// <summary>After one more event of its own.</summary>
    internal RunningTurn Apply(SessionEvent happened) => happened switch
    {
        TokenProduced e => this with
        {
            Step = Step with { Pieces = Step.Pieces.Push(e.Text) }, OwnersText = OwnersText.Push(e.Text), MovesInVain = 0,
            Build = Build ?? e.BuildId, FirstTokenAt = FirstTokenAt ?? e.At,
        },
        ToolCalled e => this with
        {
            Step = Step with { Calls = Step.Calls.Add(e) }, OwnersText = OwnersText.Push(e.Arguments), MovesInVain = 0,
            Build = Build ?? e.BuildId, FirstTokenAt = FirstTokenAt ?? (e.IsClients ? e.At : null),
        },
        ToolReturned e => Return(e),

        // A restart takes back what was said since a tool last returned; the first token of all remains the first.
        ModelSwitched { How: SwitchedHow.Restart } e =>
            (Step.Returns.IsEmpty ? this : EndStep()) with { Step = TurnStep.Empty, Build = null, Route = e.To },
        ModelSwitched e => this with { Route = e.To },
        SessionMoved e => this with
        {
            Moves = Moves + 1, MovesInVain = e.Why == SessionMoved.Drain ? MovesInVain : MovesInVain + 1, FormersText = OwnersText, OwnersText = [],
        },
        _ => this,
    };

    // Each call returns once; a second word on it, or one on a call that was taken back, comes too late.
    private RunningTurn Return(ToolReturned returned)
    {
        if (!Pending.Any(call => call.Call == returned.Call))
        {
            return this;
        }

        var next = this with { Step = Step with { Returns = Step.Returns.Add(returned) }, MovesInVain = 0 };
        return next.Pending.Any() ? next : next.EndStep();
    }

    private RunningTurn EndStep() => this with { Steps = Steps.Add(Step), Step = TurnStep.Empty };
}

/// <summary>One step of a turn: what one call of a model said, the tools that it called and what they returned.</summary>
public sealed record TurnStep
{
    public static TurnStep Empty { get; } = new();

    /// <summary>The pieces said, newest on top: adding one costs the same however long the answer is.</summary>
    public ImmutableStack<string> Pieces { get; init; } = [];

    /// <summary>The tools called, in order.</summary>
    public ImmutableList<ToolCalled> Calls { get; init; } = [];

    /// <summary>Those that have returned, in whatever order they did.</summary>
    public ImmutableList<ToolReturned> Returns { get; init; } = [];

    /// <summary>What was said, in order.</summary>
    public string Text => string.Concat(Pieces.Reverse());

    /// <summary>The calls of our tools that have not returned.</summary>
    public IEnumerable<ToolCalled> Pending => Calls.Where(call => !call.IsClients && ReturnOf(call) is null);

    /// <summary>The assistant's message, if it said anything, and one message for each call of ours, in the calls' order.</summary>
    public IEnumerable<ConversationMessage> ToMessages()
    {
        var text = Text;
        if (text.Length > 0 || !Calls.IsEmpty)
        {
            var calls = Calls.ConvertAll(call => new ConversationToolCall(call.Call, call.Name, call.Arguments));
            yield return new ConversationMessage("assistant", text, calls.IsEmpty ? null : calls);
        }

        foreach (var call in Calls.Where(call => !call.IsClients))
        {
            var returned = ReturnOf(call) ?? new ToolReturned(call.Call, Ok: false, Error: ToolReturned.Interrupted);
            yield return new ConversationMessage("tool", returned.Shown, ToolCallId: call.Call);
        }
    }

    private ToolReturned? ReturnOf(ToolCalled call) => Returns.Find(returned => returned.Call == call.Call);
}
