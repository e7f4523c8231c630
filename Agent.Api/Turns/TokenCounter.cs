using Microsoft.ML.Tokenizers;

namespace AspireAgent.Agent.Turns;

/// <summary>Counts tokens by the o200k_base encoding: exact for OpenAI's newer models, near for the others.</summary>
internal sealed class TokenCounter
{
    private readonly TiktokenTokenizer _tokenizer = TiktokenTokenizer.CreateForEncoding("o200k_base");

    public int Count(string text) => _tokenizer.CountTokens(text);

    /// <summary>
    /// What a chat's messages cost beside their texts: each bears its role, and the answer's beginning is part of the prompt (OpenAI Cookbook,
    /// "How to count tokens with tiktoken").
    /// </summary>
    public static int Framing(int messages) => 3 * (messages + 1);
}
