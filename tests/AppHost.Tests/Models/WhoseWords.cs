namespace AspireAgent.AppHost.Tests.Models;

/// <summary>What the two models say to one question when nothing goes wrong, and so whose words a text is.</summary>
/// <param name="first">The first model's tokens.</param>
/// <param name="next">The second one's answer.</param>
/// <param name="goOn">Asks the second one to go on after a text.</param>
/// <param name="most">How many tokens the first one can have said; null: any number, but not all.</param>
internal sealed class WhoseWords(IReadOnlyList<string> first, string next, Func<string, Task<string>> goOn, int? most)
{
    public const string Own = "its own answer";
    public const string OwnPart = "its own words";
    public const string Next = "the next one's answer";
    public const string Rest = "the next one's words after them";

    /// <summary>Whose words these parts are; a part that is nobody's stands there as it is.</summary>
    public async Task<string> TellAsync(params IReadOnlyList<string> parts)
    {
        var told = new List<string>();
        foreach (var (part, i) in parts.Where(part => part.Length > 0).Select((part, i) => (part, i)))
        {
            told.Add(part == string.Concat(first) ? Own
                : part == next ? Next
                : i == 0 && IsBegun(part) ? OwnPart
                : i == 1 && told[0] == OwnPart && part == await goOn(parts[0]) ? Rest
                : $"'{part}'");
        }

        return string.Join(" + ", told);
    }

    /// <summary>Whether the next one's answer begins so.</summary>
    public bool IsOfNext(string part) => next.StartsWith(part, StringComparison.Ordinal);

    private bool IsBegun(string part)
    {
        for (var (count, length) = (1, first[0].Length); count < first.Count; length += first[count++].Length)
        {
            if (length == part.Length)
            {
                return (most is null || count == most) && part == string.Concat(first.Take(count));
            }
        }

        return false;
    }
}
