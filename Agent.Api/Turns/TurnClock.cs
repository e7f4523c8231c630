namespace AspireAgent.Agent.Turns;

/// <summary>One turn's time, on one clock, from the receipt of its complete input.</summary>
internal sealed class TurnClock
{
    private readonly TaskCompletionSource<TimeSpan?> _firstToken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly long _receivedAt;

    /// <param name="time">The clock.</param>
    /// <param name="receivedAt">Timestamp of the receipt.</param>
    /// <param name="ttft">Where a former owner has released the first token: when, by the log.</param>
    public TurnClock(TimeProvider time, long receivedAt, TimeSpan? ttft = null)
    {
        (_time, _receivedAt, WasReleased) = (time, receivedAt, ttft is not null);
        if (ttft is { } known)
        {
            _firstToken.SetResult(known > TimeSpan.Zero ? known : TimeSpan.Zero); // of two pods' clocks
        }
    }

    /// <summary>Whether the first token was released, and measured, by a former owner.</summary>
    public bool WasReleased { get; }

    /// <summary>Since the input.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(_receivedAt);

    /// <summary>Time to the release of the first token; null when the turn ended without one.</summary>
    public Task<TimeSpan?> Ttft => _firstToken.Task;

    /// <summary>The first token has been written; it is released when <paramref name="saved"/> says that the log holds it.</summary>
    public async Task FirstTokenAsync(Task<bool> saved)
    {
        if (await saved)
        {
            _firstToken.TrySetResult(Elapsed);
        }
    }

    /// <summary>No token will come.</summary>
    public void NoToken() => _firstToken.TrySetResult(null);
}
