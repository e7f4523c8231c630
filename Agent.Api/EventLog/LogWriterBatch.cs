using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.EventLog;

/// <summary>Events of one append, and what they come to.</summary>
internal sealed class LogWriterBatch
{
    public List<LoggedEvent> Events { get; } = new(LogWriter.BatchCap);

    /// <summary>The state after all of them.</summary>
    public SessionState? Last { get; private set; }

    /// <summary>The state after the last of them that ended a turn and left none running.</summary>
    public SessionState? AtTurnEnd { get; private set; }

    public bool IsBusy { get; private set; }

    public bool ChangesConfig { get; private set; }

    public void Add(SessionEvent happened, SessionState after)
    {
        Events.Add(LoggedEvent.Of(happened));
        Last = after;
        AtTurnEnd = happened.EndsTurn && after.Running is null ? after : AtTurnEnd;
        IsBusy |= after.IsBusy;
        ChangesConfig |= happened is ConfigChanged;
    }

    public void Clear()
    {
        Events.Clear();
        (Last, AtTurnEnd, IsBusy, ChangesConfig) = (null, null, false, false);
    }
}
