namespace AspireAgent.Signals;

/// <summary>A value of a signal, and the store's revision that made it: a higher one is newer.</summary>
public sealed record SignalValue<T>(long Revision, T Value);
