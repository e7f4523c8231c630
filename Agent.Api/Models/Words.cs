using System.Globalization;
using System.Text;

namespace AspireAgent.Agent.Models;

/// <summary>Where words begin and end, whatever script they are written in.</summary>
internal static class Words
{
    /// <summary>
    /// Whether a word may begin or end before the character at <paramref name="at"/>. Not within a surrogate pair nor before a
    /// combining mark; in scripts without blanks between every two letters, since only a dictionary would know better.
    /// </summary>
    public static bool IsBoundary(string text, int at)
    {
        if (at <= 0 || at >= text.Length)
        {
            return true;
        }

        if (!Rune.TryGetRuneAt(text, at, out var after) || IsMark(after))
        {
            return false;
        }

        Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out var before, out _);
        return !IsPart(before) || !IsPart(after) || IsBlankless(before) || IsBlankless(after);
    }

    /// <summary>
    /// What begins at <paramref name="at"/>, in half words: 2 for a word, 0 where none begins, 1 for a letter of a script without
    /// blanks, whose words are two letters long more often than not.
    /// </summary>
    public static int HalvesAt(string text, int at) =>
        !Rune.TryGetRuneAt(text, at, out var rune) || !IsPart(rune) || !IsBoundary(text, at) ? 0
            : IsBlankless(rune) ? 1
            : 2;

    /// <summary>Whether <paramref name="text"/> holds <paramref name="word"/> as a whole word, or words, whatever its case.</summary>
    public static bool Has(string text, string word)
    {
        if (word.Length == 0)
        {
            return false;
        }

        var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase);
        while (at >= 0 && !(IsBoundary(text, at) && IsBoundary(text, at + word.Length)))
        {
            at = text.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase);
        }

        return at >= 0;
    }

    // As \w has it, and the spacing vowel signs of Indic scripts.
    private static bool IsPart(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || IsMark(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation;

    // With them the joiners within Persian and Indic words and between the parts of an emoji.
    private static bool IsMark(Rune rune) =>
        rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    // Thai and Lao, Myanmar, Khmer; Han, kana and Yi; Han's compatibility forms, half-width kana, Han's later planes.
    private static bool IsBlankless(Rune rune) => Rune.IsLetter(rune) && rune.Value is
        (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF) or (>= 0x2E80 and <= 0xA4CF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFF9F) or (>= 0x20000 and <= 0x3FFFF);
}
