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

    /// <summary>The text of each token in order; together they are <paramref name="text"/>.</summary>
    public IReadOnlyList<string> Split(string text) =>
        [.. _tokenizer.EncodeToTokens(text, out _).Select(token => token.Value)];
}
