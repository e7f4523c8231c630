namespace AspireAgent.Signals;

/// <summary>Names that a signal has in Redis. The hash tag lets a service write its snapshot in one script with its own keys.</summary>
public static class SignalKeys
{
    /// <summary>Hash <c>revision</c>, <c>value</c>: what the publisher stands at, and what subscribers fall back on.</summary>
    public static string Snapshot(string kind) => $"signal:{{{kind}}}:snapshot";

    /// <summary>Pub/sub channel that only wakes; it carries no value.</summary>
    public static string Wake(string kind) => $"signal:{{{kind}}}:wake";

    internal const string RevisionField = "revision";
    internal const string ValueField = "value";
}
