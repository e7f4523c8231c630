using Microsoft.ML.Tokenizers;

namespace AspireAgent.Simulator.Text;

/// <summary>Counts and cuts text as the models do: the o200k_base encoding.</summary>
internal sealed class Tokens
{
    // OpenAI's own count of a chat adds this much for each message and for the reply's start.
    private const int PerMessage = 3;

    private readonly TiktokenTokenizer _tokenizer = TiktokenTokenizer.CreateForEncoding("o200k_base");

    public int Count(string text) => _tokenizer.CountTokens(text);

    public int CountChat(IEnumerable<string> contents) => contents.Sum(content => Count(content) + PerMessage) + PerMessage;

    /// <summary>The text of each token in order; together they are <paramref name="text"/>. A character of several tokens is one piece.</summary>
    public IReadOnlyList<string> Split(string text)
    {
        var pieces = new List<string>();
        var at = 0;
        foreach (var token in _tokenizer.EncodeToTokens(text, out _))
        {
            // Each of the tokens that share a character claims the whole of it.
            var end = token.Offset.End.GetOffset(text.Length);
            if (end > at)
            {
                pieces.Add(text[at..end]);
                at = end;
            }
        }

        return pieces;
    }
}
