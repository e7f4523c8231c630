namespace AspireAgent.Streams.Breakers;

/// <summary>
/// One call that a <see cref="CircuitBreaker"/> has let in, and what it says of its outcome, in parts: <see cref="Succeed"/> at the
/// first token, and perhaps <see cref="Fail"/> later. What it says after the breaker has opened is ignored. Thread-safe.
/// </summary>
public sealed class BreakerPermit : IDisposable
{
    private readonly CircuitBreaker _breaker;

    internal BreakerPermit(CircuitBreaker breaker, int opening, bool isTrial) =>
        (_breaker, Opening, IsTrial) = (breaker, opening, isTrial);

    /// <summary>Whether the breaker was half-open: on this call hangs whether it closes.</summary>
    public bool IsTrial { get; }

    /// <summary>How often the breaker had opened when this was handed out: what is said of an earlier time is none of a later one.</summary>
    internal int Opening { get; }

    /// <summary>Guarded by the breaker's lock, as <see cref="Counted"/>.</summary>
    internal PermitWord Said { get; set; }

    /// <summary>Where its success was counted.</summary>
    internal BreakerWindow.Bucket? Counted { get; set; }

    /// <summary>Its first token is there. Only the first word counts.</summary>
    public void Succeed() => _breaker.Hear(this, PermitWord.Success);

    /// <summary>It failed; said after <see cref="Succeed"/> (it broke in mid-stream), this takes the success back. Said once.</summary>
    public void Fail() => _breaker.Hear(this, PermitWord.Failure);

    /// <summary>Nobody wanted it any more: neither success nor failure. Changes nothing after <see cref="Succeed"/>.</summary>
    public void Abandon() => _breaker.Hear(this, PermitWord.Abandoned);

    /// <summary><see cref="Abandon"/> where nothing was said.</summary>
    public void Dispose() => Abandon();
}

/// <summary>The last thing that a permit has said.</summary>
internal enum PermitWord
{
    Nothing,
    Success,
    Failure,
    Abandoned,
}
