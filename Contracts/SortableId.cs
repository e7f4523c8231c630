using System.Buffers;
using System.Buffers.Binary;

namespace AspireAgent.Contracts;

/// <summary>
/// Ids of sessions and turns: 26 characters of Crockford base 32 over a version 7 UUID (RFC 9562), so they sort by time of
/// creation, like a ULID, and 74 of their bits are random.
/// </summary>
public static class SortableId
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 26;

    private static readonly SearchValues<char> AllowedCharacters = SearchValues.Create(Alphabet);

    /// <summary>A new id, dated now by <paramref name="time"/>.</summary>
    public static string New(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return string.Create(Length, Guid.CreateVersion7(time.GetUtcNow()), static (text, id) =>
        {
            Span<byte> bytes = stackalloc byte[16];
            id.TryWriteBytes(bytes, bigEndian: true, out _);
            var rest = new UInt128(
                BinaryPrimitives.ReadUInt64BigEndian(bytes),
                BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
            for (var i = Length - 1; i >= 0; i--)
            {
                text[i] = Alphabet[(int)(rest & 31)];
                rest >>= 5;
            }
        });
    }

    /// <summary>Whether <paramref name="text"/> has the form of an id (upper case, as made here).</summary>
    public static bool IsValid(string? text) =>
        text is { Length: Length } && !text.AsSpan().ContainsAnyExcept(AllowedCharacters);
}
