namespace AspireAgent.Agent.Readers;

/// <summary>How well a reader keeps up: how long it has let us wait since it last had all there was.</summary>
internal sealed class ReaderPace(TimeProvider time, TimeSpan slowAfter)
{
    private TimeSpan _waited;
    private bool _hasCaughtUp;
    private long _handedAt;

    /// <summary>Whether it is slow. One that reads the past for the first time is not: it has not caught up yet.</summary>
    public bool IsSlow => _hasCaughtUp && _waited >= slowAfter;

    public void Hand() => _handedAt = time.GetTimestamp();

    public void Taken() => _waited += time.GetElapsedTime(_handedAt);

    public void CaughtUp() => (_waited, _hasCaughtUp) = (TimeSpan.Zero, true);
}
