namespace AspireAgent.Simulator.Faults;

/// <summary>We break the connection, as ordered.</summary>
internal sealed class ConnectionCutException : Exception;
