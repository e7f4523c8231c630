using System.Text.RegularExpressions;

namespace AspireAgent.Contracts.Config;

/// <summary>A text with variables: <c>{{name}}</c> stands for a value, <c>{{{{</c> for two braces.</summary>
public static partial class PromptTemplate
{
    private const string LiteralBraces = "{{{{";

    /// <summary>The variables that the text names.</summary>
    public static IEnumerable<string> VariablesOf(string template) => Mark().Matches(template)
        .Where(mark => mark.Value != LiteralBraces).Select(mark => mark.Groups[1].Value).Distinct(StringComparer.Ordinal);

    /// <summary>The text with its variables filled in; one without a value stays as it is written.</summary>
    public static string Render(string template, IReadOnlyDictionary<string, string> variables) => Mark().Replace(template, mark =>
        mark.Value == LiteralBraces ? "{{" : variables.TryGetValue(mark.Groups[1].Value, out var value) ? value : mark.Value);

    /// <summary>Whether this can name a variable, or a tool.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    [GeneratedRegex(@"\{\{\{\{|\{\{\s*([A-Za-z][A-Za-z0-9_-]{0,63})\s*\}\}")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex Name();
}
