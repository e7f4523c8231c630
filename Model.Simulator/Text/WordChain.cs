using System.Reflection;

namespace AspireAgent.Simulator.Text;

/// <summary>
/// A word-level Markov chain of order 2 (Shannon, "A Mathematical Theory of Communication", 1948, section 3), trained at start
/// on the texts of the Corpus folder.
/// </summary>
internal sealed class WordChain
{
    private readonly Dictionary<(string, string), List<string>> _next = [];
    private readonly List<(string First, string Second)> _openings = [];

    private WordChain(IEnumerable<string> paragraphs)
    {
        foreach (var paragraph in paragraphs)
        {
            Learn(paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>The chain of the embedded texts.</summary>
    public static WordChain FromCorpus()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return new WordChain(assembly.GetManifestResourceNames().Where(name => name.EndsWith(".txt", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .SelectMany(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }));
    }

    /// <summary>Words without end, in whole sentences, beginning near one of <paramref name="topics"/> where the corpus has it.</summary>
    public IEnumerable<string> Speak(Random random, IReadOnlySet<string> topics)
    {
        var near = _openings.Where(opening => topics.Contains(Plain(opening.First)) || topics.Contains(Plain(opening.Second))).ToList();
        var (first, second) = Pick(near.Count > 0 ? near : _openings, random);
        yield return first;
        yield return second;
        while (true)
        {
            if (_next.TryGetValue((first, second), out var words))
            {
                (first, second) = (second, Pick(words, random));
                yield return second;
            }
            else
            {
                (first, second) = Pick(_openings, random);
                yield return first;
                yield return second;
            }
        }
    }

    /// <summary>A word as a topic: lower case, letters only.</summary>
    public static string Plain(string word) => string.Concat(word.Where(char.IsLetter)).ToLowerInvariant();

    private static T Pick<T>(List<T> items, Random random) => items[random.Next(items.Count)];

    private void Learn(string[] words)
    {
        for (var i = 0; i + 1 < words.Length; i++)
        {
            if (i == 0 || words[i - 1].EndsWith('.'))
            {
                _openings.Add((words[i], words[i + 1]));
            }

            if (i + 2 < words.Length)
            {
                var key = (words[i], words[i + 1]);
                if (!_next.TryGetValue(key, out var followers))
                {
                    _next[key] = followers = [];
                }

                followers.Add(words[i + 2]);
            }
        }
    }
}
