namespace AspireAgent.Agent.Tools;

/// <summary>
/// How this pod's calls of tools went of late: the share that failed within a window whose length is a signal. What was switched off or
/// cancelled is no call. Counted by the second, for the longest window that there can be: a change of the window loses nothing.
/// </summary>
internal sealed class ToolHealth : IDisposable
{
    private const int MostSeconds = 3_600;

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly Second[] _seconds = new Second[MostSeconds];
    private readonly IDisposable _subscription;
    private int _window = 60;

    /// <param name="window">Replays; from a second to an hour, what is outside is taken as the nearer end.</param>
    /// <param name="time">The clock.</param>
    public ToolHealth(IObservable<TimeSpan> window, TimeProvider time)
    {
        (_time, _start) = (time, time.GetTimestamp());
        _subscription = window.Subscribe(
            length => Volatile.Write(ref _window, (int)Math.Clamp(Math.Ceiling(length.TotalSeconds), 1, MostSeconds)),
            static _ => { }); // the last window stands
    }

    public void Add(bool ok)
    {
        lock (_lock)
        {
            var now = Now();
            ref var second = ref _seconds[now % MostSeconds];
            if (second.At != now)
            {
                second = new Second(now, 0, 0);
            }

            second = second with { Calls = second.Calls + 1, Failed = second.Failed + (ok ? 0 : 1) };
        }
    }

    /// <summary>The window as it is now.</summary>
    public ToolWindow Current
    {
        get
        {
            lock (_lock)
            {
                var (now, window, calls, failed) = (Now(), Volatile.Read(ref _window), 0, 0);
                for (var at = Math.Max(0, now - window + 1); at <= now; at++)
                {
                    var second = _seconds[at % MostSeconds];
                    if (second.At == at)
                    {
                        (calls, failed) = (calls + second.Calls, failed + second.Failed);
                    }
                }

                return new ToolWindow(calls, failed);
            }
        }
    }

    public void Dispose() => _subscription.Dispose();

    private long Now() => (long)_time.GetElapsedTime(_start).TotalSeconds;

    private readonly record struct Second(long At, int Calls, int Failed);
}

/// <summary>Calls within a window, and those of them that failed.</summary>
internal readonly record struct ToolWindow(int Calls, int Failed)
{
    /// <summary>From 0 to 1; 0 without a call.</summary>
    public double FailedShare => Calls == 0 ? 0 : (double)Failed / Calls;
}
