using System.Text.Json.Serialization.Metadata;

namespace AspireAgent.Signals.Subscribing;

/// <summary>Where a signal comes from.</summary>
/// <param name="Kind">Its name, and that of its snapshot in Redis.</param>
/// <param name="Address">Address of the SSE stream; the host may be a name of service discovery.</param>
/// <param name="Json">How to read its value.</param>
public sealed record SignalClientOptions<T>(string Kind, Uri Address, JsonTypeInfo<T> Json);
