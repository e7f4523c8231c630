namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>A span of the store's time, in seconds since 1970.</summary>
internal readonly record struct SecondSpan(double From, double To);
