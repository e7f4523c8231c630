using Microsoft.ML.Tokenizers;

namespace AspireAgent.Agent.Turns;

/// <summary>Counts tokens by the o200k_base encoding: exact for OpenAI's newer models, near for the others.</summary>
internal sealed class TokenCounter
{
    private readonly TiktokenTokenizer _tokenizer = TiktokenTokenizer.CreateForEncoding("o200k_base");

    public int Count(string text) => _tokenizer.CountTokens(text);
}
