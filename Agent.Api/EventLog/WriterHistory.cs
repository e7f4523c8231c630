using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.EventLog;

/// <summary>One taking of a session: the writer's epoch, and the first seq that it could write with its nonce.</summary>
internal sealed record LogWriterStart(long Epoch, Cursor Start);

/// <summary>Who wrote which part of a log: one start for each taking of the session.</summary>
internal sealed class WriterHistory(IEnumerable<LogWriterStart> starts)
{
    private readonly LogWriterStart[] _starts = [.. starts.OrderBy(start => start.Epoch)];

    /// <summary>The cursor of an event: its seq and its writer's nonce. Of several takings at one seq the last one wrote.</summary>
    public Cursor CursorOf(long seq) => new(seq, WriterOf(seq)?.Start.Nonce);

    /// <summary>Whether <paramref name="cursor"/> can be resumed in a log that holds <paramref name="firstKept"/> to <paramref name="last"/>.</summary>
    public bool Knows(Cursor cursor, long firstKept, long last) =>
        cursor.Seq >= firstKept - 1 && cursor.Seq <= last
        && (cursor.Nonce is null || cursor.Seq == 0 || CursorOf(cursor.Seq).Nonce is not { } nonce || nonce == cursor.Nonce);

    /// <summary>Epochs of the writers who wrote nothing at or after <paramref name="firstKept"/> - 1, the place of the oldest good cursor.</summary>
    public IEnumerable<long> EndedBefore(long firstKept) =>
        _starts.Where((_, i) => i + 1 < _starts.Length && _starts[i + 1].Start.Seq < firstKept).Select(start => start.Epoch);

    private LogWriterStart? WriterOf(long seq) => Array.FindLast(_starts, start => start.Start.Seq <= seq);
}
