namespace AspireAgent.Agent.EventLog;

/// <summary>This pod cannot read a session's log; it has let go of the session.</summary>
internal sealed class SessionUnreadableException(Exception inner) : Exception("The log of a session cannot be read.", inner);
