namespace AspireAgent.Contracts.Sessions;

/// <summary>One message of a conversation as a model is shown it.</summary>
/// <param name="Role">system, user, assistant or tool.</param>
/// <param name="Text">Its text; may be empty beside tool calls.</param>
/// <param name="ToolCalls">The calls that an assistant's message makes.</param>
/// <param name="ToolCallId">The call that a tool's message answers.</param>
public sealed record ConversationMessage(
    string Role, string Text, IReadOnlyList<ConversationToolCall>? ToolCalls = null, string? ToolCallId = null);

/// <summary>A call of a tool; <paramref name="Arguments"/> is JSON as the model wrote it.</summary>
public sealed record ConversationToolCall(string Id, string Name, string Arguments);
