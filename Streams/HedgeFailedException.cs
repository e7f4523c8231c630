namespace AspireAgent.Streams;

/// <summary>Both streams of a hedge failed before either had emitted. The message holds both messages.</summary>
public sealed class HedgeFailedException(Exception primary, Exception backup)
    : AggregateException("Both the primary and its backup failed.", primary, backup)
{
    /// <summary>Why the primary failed; <see cref="EmptyStreamException"/> where it completed empty.</summary>
    public Exception Primary { get; } = primary;

    /// <summary>Why the backup failed; <see cref="EmptyStreamException"/> where it completed empty.</summary>
    public Exception Backup { get; } = backup;
}
