namespace AspireAgent.Streams;

/// <summary>How long to wait before trying again: doubled with each failure up to a bound, and jittered so that many do not come back as one.</summary>
public static class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>The wait after so many failures in a row, the first is 1: 0.1 s doubled up to 2 s, each by half to one and a half.</summary>
    public static TimeSpan After(int failures)
    {
        var pause = First * Math.Pow(2, Math.Min(failures - 1, 10));
        return (pause < Longest ? pause : Longest) * (0.5 + Random.Shared.NextDouble());
    }
}
