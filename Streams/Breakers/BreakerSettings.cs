namespace AspireAgent.Streams.Breakers;

/// <summary>Whether calls pass. The numbers are those of the gauge.</summary>
public enum BreakerState
{
    /// <summary>They do.</summary>
    Closed = 0,

    /// <summary>One does, as a trial.</summary>
    HalfOpen = 1,

    /// <summary>None does.</summary>
    Open = 2,
}

/// <summary>When a <see cref="CircuitBreaker"/> opens, and for how long. A value that makes no sense throws.</summary>
public sealed record BreakerSettings
{
    /// <summary>It opens where so much of the window's calls has failed; above 0, up to 1.</summary>
    public double FailureShare
    {
        get;
        init => field = value is > 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, null);
    } = 0.5;

    /// <summary>Fewer calls in the window are no evidence.</summary>
    public int MinimumCalls
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, null);
    } = 10;

    /// <summary>What is older does not count.</summary>
    public TimeSpan Window { get; init => field = Positive(value); } = TimeSpan.FromSeconds(30);

    /// <summary>How long it stays open, by a fifth more or less at random.</summary>
    public TimeSpan Break { get; init => field = Positive(value); } = TimeSpan.FromSeconds(60);

    /// <summary>A trial that has said nothing for so long has failed.</summary>
    public TimeSpan TrialTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(30);

    private static TimeSpan Positive(TimeSpan value) =>
        value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, null);
}
