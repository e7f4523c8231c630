using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Continuations;
using CsCheck;

namespace AspireAgent.Agent.Tests.Models.Continuations;

public class SeamPropertyTests
{
    private static readonly Gen<string> Blank = OneOf(" ", "  ", "\n", "\n\n", "\n    ", "\t", "\r\n", "");

    // Few words and many repeats of them: what a seam finds hard.
    private static readonly Gen<string> Word = OneOf(
        "the", "cat", "sat", "on", "Straße", "cafe", "\u0301", "e\u0301", "今天", "天气", "عليكم", "🎉", "🎈", "👩‍💻", "3.", "14", "-", "**", "“yes”", "a");

    private static readonly Gen<string> Text = Gen.Select(Word, Blank, (word, blank) => word + blank).Array[0, 30].Select(string.Concat);

    private static readonly Gen<int[]> Cuts = Gen.Int[0, 1_000].Array[0, 12];

    [Fact]
    public void Join_AnyPieces_TheSameText() =>
        Gen.Select(Text, Text, Gen.Int[0, 1_000], Gen.Int[0, 1_000], Cuts).Sample(
            (said, more, cut, from, cuts) =>
            {
                var prefix = said[..(cut % (said.Length + 1))]; // maybe within a pair
                var continuation = prefix[(from % (prefix.Length + 1))..] + more; // maybe a repeat

                Assert.Equal(Joined(prefix, [continuation]), Joined(prefix, Split(continuation, cuts)));
            },
            iter: 20_000);

    /// <summary>Of words that are all different there is no refrain; so nothing is lost, wherever the answer was cut off.</summary>
    [Fact]
    public void Join_ExactContinuation_IsTheWhole() =>
        Gen.Select(Different, Gen.Int[0, 1_000], Cuts).Sample(
            (whole, at, cuts) =>
            {
                var prefix = whole[..(at % (whole.Length + 1))];

                Assert.Equal(whole, prefix + Joined(prefix, Split(whole[Seam.Shown(prefix).Length..], cuts)));
            },
            iter: 20_000);

    /// <summary>The same where the model first says the last words, or all, once more.</summary>
    [Fact]
    public void Join_LastWordsRepeated_IsTheWhole() =>
        Gen.Select(Different, Gen.Int[0, 1_000], Gen.Int[0, 1_000], Blank, Cuts).Sample(
            (whole, at, from, blank, cuts) =>
            {
                var prefix = whole[..(at % (whole.Length + 1))];
                var shown = Seam.Shown(prefix);
                var starts = Enumerable.Range(0, Math.Max(0, shown.Length - 15))
                    .Where(start => Words.IsBoundary(shown, start) && !char.IsWhiteSpace(shown[start]))
                    .Where(start => shown[start..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length > 3) // the outer ones may be cut
                    .ToList();
                if (starts.Count > 0)
                {
                    var repeated = blank + whole[starts[from % starts.Count]..];

                    Assert.Equal(whole, prefix + Joined(prefix, Split(repeated, cuts)));
                }
            },
            iter: 20_000);

    [Fact]
    public void Join_WholePairsIn_WholePairsOut() =>
        Gen.Select(Text, Text, Gen.Int[0, 1_000], Cuts).Sample(
            (said, more, from, cuts) =>
            {
                var continuation = Whole(said[(from % (said.Length + 1))..]) + more;
                var seam = new Seam(said);

                foreach (var piece in Split(continuation, cuts, tearsPairs: false).Select(seam.Join).Append(seam.Flush()))
                {
                    Assert.Equal(Whole(piece), piece);
                }
            },
            iter: 20_000);

    private static Gen<string> Different => Gen.Select(Word.Where(word => word != "\u0301"), Blank).Array[0, 30].Select(words =>
        string.Concat(words.Select((word, i) => $"{word.Item1}{(char)('A' + (i % 26))}{i}{word.Item1}{word.Item2}")));

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static string Joined(string prefix, IEnumerable<string> pieces)
    {
        var seam = new Seam(prefix);
        return string.Concat(pieces.Select(seam.Join)) + seam.Flush();
    }

    private static List<string> Split(string text, int[] cuts, bool tearsPairs = true)
    {
        var at = cuts.Select(cut => cut % (text.Length + 1))
            .Where(cut => tearsPairs || cut == text.Length || !char.IsLowSurrogate(text[cut]))
            .Append(0).Append(text.Length).Order().ToList();
        return [.. at.Zip(at.Skip(1), (from, to) => text[from..to])];
    }

    // What is half a pair becomes U+FFFD.
    private static string Whole(string text) => string.Concat(text.EnumerateRunes());
}
