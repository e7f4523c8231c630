using System.Globalization;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// A client's place in a session's event stream: the last seq it saw and, where known, the nonce of the writer of that event,
/// which tells a log that lost its end and grew another one from the log that the client read.
/// </summary>
public readonly record struct Cursor(long Seq, string? Nonce)
{
    private const int MaxNonceCharacters = 32;

    /// <summary>Before the first event.</summary>
    public static Cursor Start { get; } = new(0, null);

    /// <summary>Reads <c>17</c> or <c>17.b3c4</c>.</summary>
    public static bool TryParse(string? text, out Cursor cursor)
    {
        cursor = Start;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var number = dot < 0 ? text : text[..dot];
        var nonce = dot < 0 ? null : text[(dot + 1)..];
        if (nonce is { Length: 0 or > MaxNonceCharacters } || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
        {
            return false;
        }

        cursor = new Cursor(seq, nonce);
        return true;
    }

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => Nonce is null
        ? Seq.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Seq}.{Nonce}");
}
