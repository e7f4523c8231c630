namespace AspireAgent.Streams;

/// <summary>A stream completed without an element where one was due, which is as good as a failure.</summary>
public sealed class EmptyStreamException() : Exception("The stream ended without an element.");
