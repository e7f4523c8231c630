using System.Text.Json.Serialization.Metadata;

namespace AspireAgent.Signals.Subscribing;

/// <summary>Where a signal comes from.</summary>
/// <param name="Kind">Its name, and that of its snapshot in Redis.</param>
/// <param name="Address">Address of the SSE stream; the host may be a name of service discovery.</param>
/// <param name="Json">How to read its value.</param>
/// <param name="Fallback">What a start may stand on while the service does not answer.</param>
public sealed record SignalClientOptions<T>(string Kind, Uri Address, JsonTypeInfo<T> Json, SignalFallback Fallback);

/// <summary>How stale a first value may be. One that came from the service is kept in any case.</summary>
public enum SignalFallback
{
    /// <summary>It says something about now: no value is better than an old one.</summary>
    None,

    /// <summary>The snapshot in Redis is as good.</summary>
    Snapshot,

    /// <summary>It is good for ever: the snapshot in Redis, else this instance's own copy on disk.</summary>
    Disk,
}

/// <summary>Where the value came from that a subscriber stands on.</summary>
public enum SignalOrigin
{
    /// <summary>There is none yet.</summary>
    None,

    /// <summary>The service.</summary>
    Service,

    /// <summary>The snapshot in Redis.</summary>
    Snapshot,

    /// <summary>The copy on disk.</summary>
    Disk,
}
