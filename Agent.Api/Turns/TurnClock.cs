namespace AspireAgent.Agent.Turns;

/// <summary>One turn's time, on one clock, from the receipt of its complete input.</summary>
internal sealed class TurnClock(TimeProvider time, long receivedAt)
{
    private readonly TaskCompletionSource<TimeSpan?> _firstToken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Since the input.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(receivedAt);

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
