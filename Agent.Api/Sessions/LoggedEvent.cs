using System.Text.Json;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Sessions;

/// <summary>An event that the log holds, as text: what every reader is given.</summary>
internal sealed record LoggedEvent(long Seq, string Type, string Json)
{
    /// <summary>From an event that is about to be logged.</summary>
    public static LoggedEvent Of(SessionEvent happened) => Parse(happened.Seq, WireJson.Write(happened));

    /// <summary>From the log's text.</summary>
    public static LoggedEvent Parse(long seq, string json)
    {
        using var document = JsonDocument.Parse(json);
        return new LoggedEvent(seq, document.RootElement.GetProperty("type").GetString() ?? "", json);
    }
}

/// <summary>Who wrote which part of a log: one start for each taking of the session.</summary>
internal sealed class WriterHistory(IEnumerable<Cursor> starts)
{
    private readonly Cursor[] _starts = [.. starts.OrderBy(start => start.Seq)];

    /// <summary>The cursor of an event: its seq and its writer's nonce. Of several takings at one seq the last one wrote.</summary>
    public Cursor CursorOf(long seq) => new(seq, Array.FindLast(_starts, start => start.Seq <= seq).Nonce);

    /// <summary>Whether <paramref name="cursor"/> can be resumed in a log that ends at <paramref name="last"/>.</summary>
    public bool Knows(Cursor cursor, long last) =>
        cursor.Seq <= last && (cursor.Nonce is null || cursor.Seq == 0 || CursorOf(cursor.Seq).Nonce == cursor.Nonce);
}
