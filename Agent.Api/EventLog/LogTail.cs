namespace AspireAgent.Agent.EventLog;

/// <summary>
/// The newest events of a log in memory, and a pulse when there are more. Readers pull: a slow one holds nothing here and reads
/// what it missed from Redis.
/// </summary>
internal sealed class LogTail(long lastSeq)
{
    private const int Kept = 256;

    private readonly Queue<LoggedEvent> _events = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _pulse = NewPulse();

    /// <summary>Seq of the newest acknowledged event.</summary>
    public long LastSeq { get; private set; } = lastSeq;

    /// <summary>Whether no more will come.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Completes when there is more than when it was read, or nothing more to come.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _pulse.Task;
            }
        }
    }

    public void Add(IReadOnlyCollection<LoggedEvent> events)
    {
        lock (_gate)
        {
            foreach (var logged in events)
            {
                _events.Enqueue(logged);
                LastSeq = logged.Seq;
                if (_events.Count > Kept)
                {
                    _events.Dequeue();
                }
            }

            Pulse();
        }
    }

    public void End()
    {
        lock (_gate)
        {
            IsEnded = true;
            Pulse();
        }
    }

    /// <summary>What came after <paramref name="after"/>; null: that is too long ago, the log itself must be read.</summary>
    public IReadOnlyList<LoggedEvent>? ReadAfter(long after)
    {
        lock (_gate)
        {
            return after >= LastSeq ? []
                : _events.TryPeek(out var oldest) && oldest.Seq <= after + 1 ? [.. _events.Where(logged => logged.Seq > after)]
                : null;
        }
    }

    private static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Pulse()
    {
        _pulse.SetResult();
        _pulse = NewPulse();
    }
}
