namespace AspireAgent.Agent.Admission.Leases;

/// <summary>Sums with the timestamps of a clock.</summary>
internal static class Timestamps
{
    /// <summary>The timestamp that comes so much later.</summary>
    public static long After(this TimeProvider time, long timestamp, TimeSpan span) =>
        timestamp + (long)(span.TotalSeconds * time.TimestampFrequency);
}
