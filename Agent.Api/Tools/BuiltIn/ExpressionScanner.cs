using System.Globalization;
using System.Text;

namespace AspireAgent.Agent.Tools.BuiltIn;

/// <summary>Reads the symbols of an expression, and says in which place it is no expression.</summary>
internal sealed class ExpressionScanner(string text)
{
    private int _at;

    /// <summary>The place of what comes next, from 1.</summary>
    public int Place => SkipBlanks() + 1;

    public bool IsAtEnd => SkipBlanks() == text.Length;

    public bool IsAtNumber => !IsAtEnd && (char.IsAsciiDigit(Current) || Current == '.');

    public bool IsAtName => !IsAtEnd && char.IsAsciiLetter(Current);

    private char Current => _at < text.Length ? text[_at] : default;

    public bool Takes(char symbol)
    {
        if (IsAtEnd || Current != symbol)
        {
            return false;
        }

        _at++;
        return true;
    }

    public void Expect(char symbol)
    {
        if (!Takes(symbol))
        {
            throw Wrong($"No '{symbol}' where one is due", Place);
        }
    }

    // 12 | 12.5 | .5 | 1.2e-3
    public ReadOnlySpan<char> Number()
    {
        var start = _at;
        SkipDigits();
        if (Current == '.')
        {
            _at++;
            SkipDigits();
        }

        if (_at == start + 1 && text[start] == '.')
        {
            throw Wrong("A number without digits", _at);
        }

        var end = _at;
        if (Current is 'e' or 'E')
        {
            _at++;
            _at += Current is '+' or '-' ? 1 : 0;
            var digits = _at;
            SkipDigits();
            _at = _at == digits ? end : _at; // "2e" has no exponent: the "e" is told as unexpected
        }

        return text.AsSpan(start, _at - start);
    }

    public string Name()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Current))
        {
            _at++;
        }

        return text[start.._at];
    }

    public BadArgumentsException Unexpected() => IsAtEnd
        ? Wrong("An unexpected end", Place)
        : Wrong($"An unexpected '{(Rune.TryGetRuneAt(text, _at, out var rune) ? rune : Rune.ReplacementChar)}'", Place);

    public static BadArgumentsException Wrong(string what, int place) => new(string.Create(CultureInfo.InvariantCulture, $"{what} at position {place}."));

    private int SkipBlanks()
    {
        while (char.IsWhiteSpace(Current))
        {
            _at++;
        }

        return _at;
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Current))
        {
            _at++;
        }
    }
}
