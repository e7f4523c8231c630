using System.Globalization;
using System.Text;

namespace AspireAgent.Bench.Sessions;

/// <summary>An event as a client has seen it, read without a parser: the bench shares its processors with what it measures.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Seq">Its place in the log.</param>
/// <param name="From">Place of the first one told with it.</param>
/// <param name="Writer">Who wrote it: the nonce in its cursor.</param>
/// <param name="At">Timestamp of its arrival.</param>
/// <param name="Json">The whole of it, but for tokens.</param>
internal readonly record struct Seen(string Type, long Seq, long From, string Writer, long At, string? Json)
{
    public bool EndsTurn => Type is "turn.completed" or "turn.failed" or "turn.cancelled";

    /// <summary>An event of SSE; its id comes after its data.</summary>
    public static Seen Read(string type, ReadOnlySpan<byte> json) => new(
        type, 0, type == "token" ? Number(json, "\"from\":"u8) ?? 0 : 0, "", TimeProvider.System.GetTimestamp(),
        type is "token" or "ping" ? null : Encoding.UTF8.GetString(json));

    /// <summary>A frame of a WebSocket, which bears its cursor within.</summary>
    public static Seen ReadFrame(ReadOnlySpan<byte> json) =>
        Read(Text(json, "\"type\":\""u8) ?? "", json).Under(Text(json, "\"cursor\":\""u8));

    /// <summary>The same with its cursor, <c>17.b3c4d5e6</c>.</summary>
    public Seen Under(string? cursor)
    {
        var dot = cursor?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot < 0)
        {
            return this;
        }

        var seq = long.Parse(cursor.AsSpan(0, dot), CultureInfo.InvariantCulture);
        return this with { Seq = seq, From = From == 0 ? seq : From, Writer = cursor![(dot + 1)..] };
    }

    // Within a JSON string a quote is escaped: what is found here is a member.
    private static string? Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> member)
    {
        var at = json.IndexOf(member);
        if (at < 0)
        {
            return null;
        }

        var rest = json[(at + member.Length)..];
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)'"')]);
    }

    private static long? Number(ReadOnlySpan<byte> json, ReadOnlySpan<byte> member)
    {
        var at = json.IndexOf(member);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(json[(at + member.Length)..], out long number, out _) ? number : null;
    }
}
