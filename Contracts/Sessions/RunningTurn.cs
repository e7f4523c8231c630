using System.Collections.Immutable;

namespace AspireAgent.Contracts.Sessions;

/// <summary>The turn in progress within <see cref="SessionState"/>: its input and what it has said so far.</summary>
public sealed record RunningTurn(string Id, string Input)
{
    /// <summary>The pieces said, newest on top: adding one costs the same however long the answer is.</summary>
    public ImmutableStack<string> Text { get; init; } = [];

    public ImmutableList<ConversationToolCall> ToolCalls { get; init; } = [];

    /// <summary>What has been said, in order.</summary>
    public string PartialText => string.Concat(Text.Reverse());

    /// <summary>What the conversation keeps of it. A turn of a completion call may have no input text of its own.</summary>
    public IEnumerable<ConversationMessage> ToMessages()
    {
        if (Input.Length > 0)
        {
            yield return new ConversationMessage("user", Input);
        }

        var text = PartialText;
        if (text.Length > 0 || !ToolCalls.IsEmpty)
        {
            yield return new ConversationMessage("assistant", text, ToolCalls.IsEmpty ? null : ToolCalls);
        }
    }
}
