namespace AspireAgent.Signals;

/// <summary>Names that a signal has in Redis.</summary>
internal static class SignalKeys
{
    /// <summary>Hash <c>revision</c>, <c>value</c>: what the publisher stands at, and what subscribers fall back on.</summary>
    public static string Snapshot(string kind) => $"signal:{kind}:snapshot";

    /// <summary>Pub/sub channel that only wakes; it carries no value.</summary>
    public static string Wake(string kind) => $"signal:{kind}:wake";

    public const string RevisionField = "revision";
    public const string ValueField = "value";
}
