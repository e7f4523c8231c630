using System.Text;

namespace AspireAgent.Agent.Models.Continuations;

/// <summary>
/// The join between words that were said already, the prefix, and those with which a model goes on after them: nothing is said
/// twice, nothing is left out, whatever pieces the continuation comes in. For one continuation; not thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The model is not shown the white space at the prefix's end, and may say it itself or not: what was said of it is not said
/// again, and what it says besides goes on from there. Where the two differ, that which was said stays and the model's is
/// dropped. Where none was said nothing is put in or taken out: the prefix may end within a word.
/// </para>
/// <para>
/// Where the model first repeats the end of the prefix that repetition is dropped (<see cref="Repeat"/> says when, and what that
/// costs). A piece is held back only as long as it may still belong to one: an ordinary continuation is passed on at once, and
/// what is held is never longer than the prefix and a piece.
/// </para>
/// </remarks>
internal sealed class Seam(string prefix)
{
    private readonly string _unshown = prefix[Shown(prefix).Length..];
    private readonly Repeat _repeat = new(Shown(prefix));
    private readonly StringBuilder _held = new();
    private bool _isJoined;

    /// <summary>
    /// What the model is shown of the prefix: all but white space at its end, and half a surrogate pair there. Vendors refuse the
    /// one and mangle the other.
    /// </summary>
    public static string Shown(string prefix)
    {
        var end = prefix.Length;
        while (end > 0 && (char.IsWhiteSpace(prefix[end - 1]) || char.IsHighSurrogate(prefix[end - 1])))
        {
            end--;
        }

        return prefix[..end];
    }

    /// <summary>What may be said now, of this piece and of what was held back before; may be empty.</summary>
    public string Join(string piece)
    {
        if (_isJoined)
        {
            return piece;
        }

        _held.Append(piece);
        if (_repeat.IsOpen)
        {
            for (var i = 0; _repeat.IsOpen && i < piece.Length; i++)
            {
                _repeat.Read(piece[i]);
            }

            if (_repeat.IsOpen)
            {
                return "";
            }

            _held.Remove(0, _repeat.Length);
        }

        return GoOn();
    }

    /// <summary>The continuation is at its end: what is still held back of it. A piece that comes after all is passed as it is.</summary>
    public string Flush()
    {
        if (_isJoined)
        {
            return "";
        }

        if (_repeat.IsOpen)
        {
            _held.Remove(0, _repeat.Length);
        }

        var rest = GoOn();
        _isJoined = true;
        return rest;
    }

    private string GoOn()
    {
        var rest = _held.ToString();
        _held.Clear();
        if (rest.StartsWith(_unshown, StringComparison.Ordinal))
        {
            _isJoined = true;
            return rest[_unshown.Length..];
        }

        var words = char.IsWhiteSpace(_unshown[0]) ? rest.TrimStart() : rest;
        _isJoined = words.Length > 0 && !_unshown.StartsWith(rest, StringComparison.Ordinal);
        if (_isJoined)
        {
            return words;
        }

        // As much as tells it from what was said; any further white space is dropped.
        _held.Append(rest.AsSpan(0, Math.Min(rest.Length, _unshown.Length)));
        return "";
    }
}
