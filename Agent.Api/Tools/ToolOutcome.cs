using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tools;

/// <summary>What came of a call: a result, or an error's slug and what helps the model to call better.</summary>
internal sealed record ToolOutcome(string? Error, string? Text)
{
    /// <summary>The longest text that a model is shown; as UTF-8.</summary>
    public const int MostBytes = 16 * 1024;

    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>A function's result: text as it is, everything else as JSON.</summary>
    public static ToolOutcome Of(object? result) => new(null, Cut(result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        TextContent text => text.Text,
        _ => JsonSerializer.Serialize(result, Compact),
    }));

    public static ToolOutcome Failure(string error, string? detail = null) => new(error, detail is null ? null : Cut(detail));

    // The mark has its place within the bound, and no character is torn.
    private static string Cut(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes <= MostBytes)
        {
            return text;
        }

        var mark = $"\n[cut: {bytes} bytes]";
        var (kept, left) = (0, MostBytes - mark.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
            {
                break;
            }

            kept += rune.Utf16SequenceLength;
        }

        return string.Concat(text.AsSpan(0, kept), mark);
    }
}

/// <summary>A tool's failure as a stream's error, for the hedge.</summary>
internal sealed class ToolFailedException(string tool, ToolOutcome outcome) : Exception($"{tool}: {outcome.Error}")
{
    public string Tool { get; } = tool;

    public ToolOutcome Outcome { get; } = outcome;
}
