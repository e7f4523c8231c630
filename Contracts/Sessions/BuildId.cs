using System.Security.Cryptography;
using System.Text;

namespace AspireAgent.Contracts.Sessions;

/// <summary>What made an answer: the version of the code, of the prompt, of the model that served and of the knowledge index.</summary>
/// <param name="Code">Version of the code.</param>
/// <param name="Prompt">Version of the prompt.</param>
/// <param name="Model">The model that served, by the name that it tells.</param>
/// <param name="KbIndex">Version of the knowledge index.</param>
/// <param name="RequestedModel">The model that was asked for: an alias may be served by another one tomorrow.</param>
public sealed record BuildId(string Code, string Prompt, string Model, string KbIndex, string? RequestedModel = null)
{
    /// <summary>The <see cref="KbIndex"/> of an agent without one.</summary>
    public const string NoIndex = "none";

    private const int HashBytes = 6;

    /// <summary>Twelve hexadecimal digits of SHA-256 over all parts that there are: the same build, the same fingerprint.</summary>
    public string Fingerprint() => Hash(string.Join('\n', new[] { Code, Prompt, Model, KbIndex, RequestedModel }.OfType<string>()));

    /// <summary>The version of a text, such as a prompt: twelve hexadecimal digits of its SHA-256.</summary>
    public static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, HashBytes));
}
