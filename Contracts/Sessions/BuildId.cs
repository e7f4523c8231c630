using System.Security.Cryptography;
using System.Text;

namespace AspireAgent.Contracts.Sessions;

/// <summary>What made an answer: the version of the code, of the prompt, of the model that served and of the knowledge index.</summary>
public sealed record BuildId(string Code, string Prompt, string Model, string KbIndex)
{
    /// <summary>The <see cref="KbIndex"/> of an agent without one.</summary>
    public const string NoIndex = "none";

    private const int HashBytes = 6;

    /// <summary>Twelve hexadecimal digits of SHA-256 over the four parts: the same build, the same fingerprint.</summary>
    public string Fingerprint() => Hash(string.Join('\n', Code, Prompt, Model, KbIndex));

    /// <summary>The version of a text, such as a prompt: twelve hexadecimal digits of its SHA-256.</summary>
    public static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, HashBytes));
}
