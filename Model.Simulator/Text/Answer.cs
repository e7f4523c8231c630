namespace AspireAgent.Simulator.Text;

/// <summary>What a model says to one request, whole, before any of it is sent.</summary>
/// <param name="Pieces">Each token.</param>
/// <param name="FinishReason">stop, length or tool_calls; null: it ends without one.</param>
/// <param name="ToolCalls">The calls it makes instead of speaking; empty: it speaks.</param>
internal sealed record Answer(IReadOnlyList<AnswerPiece> Pieces, string? FinishReason, IReadOnlyList<AnswerToolCall> ToolCalls)
{
    /// <summary>Nothing, in good order.</summary>
    public static readonly Answer Empty = new([], "stop", []);

    public string Text => string.Concat(Pieces.Select(piece => piece.Text));
}

/// <summary>One token: of the text, or of the arguments of the tool call with this index.</summary>
internal readonly record struct AnswerPiece(string Text, int? Call = null);

/// <summary>A call of one of the caller's tools.</summary>
internal sealed record AnswerToolCall(string Id, string Name, string Arguments);
