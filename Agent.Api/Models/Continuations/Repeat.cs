namespace AspireAgent.Agent.Models.Continuations;

/// <summary>
/// Looks, character by character, whether a continuation begins with the end of the words that it is to go on from, as some models
/// do. The longest such end counts. It must be convincing: of two words at least and, unless it is all the words there are, of 16
/// characters from a word's beginning; shorter ones are mere chance too often.
/// </summary>
/// <remarks>
/// A true refrain looks the same: where a line is to come twice and the answer was cut off right after its first time, its second
/// is lost. The other choice, words said twice by every model that repeats them, happens far more often.
/// </remarks>
internal sealed class Repeat
{
    private const int LookBack = 1_024;
    private const int Least = 16;
    private const int LeastHalves = 4;

    private readonly string _shown;
    private readonly List<int> _starts = []; // of the ends of the shown words that the continuation may still prove to repeat
    private int _read;
    private int _matched;

    /// <summary>Looks for an end of <paramref name="shown"/>, of its last 1,024 characters or the whole.</summary>
    public Repeat(string shown)
    {
        _shown = shown;
        var first = shown.Length - shown.AsSpan().TrimStart().Length;
        var halves = 0;
        for (var at = shown.Length - 1; at > first && at >= shown.Length - LookBack; at--)
        {
            halves += Words.HalvesAt(shown, at);
            if (halves >= LeastHalves && shown.Length - at >= Least && !char.IsWhiteSpace(shown[at]) && Words.IsBoundary(shown, at))
            {
                _starts.Add(at);
            }
        }

        if (first < shown.Length && halves + Words.HalvesAt(shown, first) >= LeastHalves)
        {
            _starts.Add(first);
        }
    }

    /// <summary>Whether what comes next may still decide.</summary>
    public bool IsOpen => _starts.Count > 0;

    /// <summary>How many of the continuation's characters repeat, the white space before them included; 0: none.</summary>
    public int Length { get; private set; }

    /// <summary>The continuation's next character.</summary>
    public void Read(char next)
    {
        _read++;
        if (_matched == 0 && char.IsWhiteSpace(next))
        {
            if (_read > LookBack)
            {
                _starts.Clear(); // a model that says nothing but blanks
            }

            return;
        }

        _starts.RemoveAll(start => _shown[start + _matched] != next);
        _matched++;
        if (_starts.RemoveAll(start => start + _matched == _shown.Length) > 0)
        {
            Length = _read;
        }
    }
}
