namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>The store's clock between its ticks: it tells whole seconds only, and the time since the running one was first seen is ours.</summary>
internal sealed class StoreClock(TimeProvider time)
{
    private long _second = -1;
    private long _seenAt;

    /// <summary>The store's time, late by the wait for the read that saw the second first; seconds since 1970.</summary>
    public double Tell(long second)
    {
        if (second != _second)
        {
            (_second, _seenAt) = (second, time.GetTimestamp());
        }

        return second + Math.Min(time.GetElapsedTime(_seenAt).TotalSeconds, 0.999);
    }
}
