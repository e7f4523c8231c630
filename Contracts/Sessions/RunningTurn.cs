using System.Collections.Immutable;

namespace AspireAgent.Contracts.Sessions;

/// <summary>The turn in progress within <see cref="SessionState"/>: the input that it answers and what it has said so far.</summary>
public sealed record RunningTurn(InputAccepted Input)
{
    public string Id => Input.Turn ?? "";

    /// <summary>The pieces said, newest on top: adding one costs the same however long the answer is.</summary>
    public ImmutableStack<string> Text { get; init; } = [];

    public ImmutableList<ConversationToolCall> ToolCalls { get; init; } = [];

    /// <summary>The build that spoke first; null: nothing has been said.</summary>
    public BuildId? Build { get; init; }

    /// <summary>When its first token was written; null: none was. By its writer's clock.</summary>
    public DateTimeOffset? FirstTokenAt { get; init; }

    /// <summary>The route that serves it.</summary>
    public string? Route { get; init; }

    /// <summary>How often another pod went on with it.</summary>
    public int Moves { get; init; }

    /// <summary>How often, since it last said something.</summary>
    public int MovesInVain { get; init; }

    /// <summary>Those pieces of <see cref="Text"/> that its present owner said.</summary>
    public ImmutableStack<string> OwnersText { get; init; } = [];

    /// <summary>Those that the owner before said.</summary>
    public ImmutableStack<string> FormersText { get; init; } = [];

    /// <summary>What has been said, in order.</summary>
    public string PartialText => string.Concat(Text.Reverse());

    /// <summary>What the conversation keeps of it. A turn of a completion call may have no input text of its own.</summary>
    public IEnumerable<ConversationMessage> ToMessages()
    {
        if (Input.Text.Length > 0)
        {
            yield return new ConversationMessage("user", Input.Text);
        }

        var text = PartialText;
        if (text.Length > 0 || !ToolCalls.IsEmpty)
        {
            yield return new ConversationMessage("assistant", text, ToolCalls.IsEmpty ? null : ToolCalls);
        }
    }

    /// <summary>After one more event of its own.</summary>
    internal RunningTurn Apply(SessionEvent happened) => happened switch
    {
        TokenProduced e => this with
        {
            Text = Text.Push(e.Text), OwnersText = OwnersText.Push(e.Text), MovesInVain = 0, Build = Build ?? e.BuildId,
            FirstTokenAt = FirstTokenAt ?? e.At,
        },
        ToolCalled e => this with
        {
            ToolCalls = ToolCalls.Add(new ConversationToolCall(e.Call, e.Name, e.Arguments)), Build = Build ?? e.BuildId,
            FirstTokenAt = FirstTokenAt ?? e.At, MovesInVain = 0,
        },

        // A restart takes back what was said; the first token of all remains the first.
        ModelSwitched { How: SwitchedHow.Restart } e => this with { Text = [], ToolCalls = [], Build = null, Route = e.To },
        ModelSwitched e => this with { Route = e.To },
        SessionMoved e => this with
        {
            Moves = Moves + 1, MovesInVain = e.Why == SessionMoved.Drain ? MovesInVain : MovesInVain + 1, FormersText = OwnersText, OwnersText = [],
        },
        _ => this,
    };
}
