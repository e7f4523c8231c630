namespace AspireAgent.Simulator.Text;

/// <summary>What a model says to one request, whole, before any of it is sent.</summary>
/// <param name="Pieces">The text of each token.</param>
/// <param name="FinishReason">stop, length or tool_calls.</param>
/// <param name="ToolCall">The one call it makes instead of speaking; null: it speaks.</param>
internal sealed record Answer(IReadOnlyList<string> Pieces, string FinishReason, AnswerToolCall? ToolCall = null);

/// <summary>A call of one of the caller's tools.</summary>
internal sealed record AnswerToolCall(string Id, string Name, string Arguments);
