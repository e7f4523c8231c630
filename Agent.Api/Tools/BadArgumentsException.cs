namespace AspireAgent.Agent.Tools;

/// <summary>A tool's way to say that it cannot do what the model asks for. The model and the session's log are told the message.</summary>
internal sealed class BadArgumentsException(string message) : Exception(message);
