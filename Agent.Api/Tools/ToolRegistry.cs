using System.Collections.Frozen;
using System.Text.RegularExpressions;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Tools;

/// <summary>
/// The tools of this deployment: those that are registered as <see cref="Tool"/>. Tools of MCP servers come in here, too: they are
/// functions as any other.
/// </summary>
internal sealed partial class ToolRegistry
{
    private readonly IReadOnlyList<Tool> _tools;
    private readonly FrozenDictionary<string, Tool> _byName;

    /// <exception cref="InvalidOperationException">The tools do not fit together; everything that is wrong is named.</exception>
    public ToolRegistry(IEnumerable<Tool> tools)
    {
        _tools = [.. tools];
        var errors = _tools.GroupBy(tool => tool.Name, StringComparer.Ordinal).Where(same => same.Count() > 1)
            .Select(same => $"There are {same.Count()} tools of the name '{same.Key}'.")
            .Concat(_tools.SelectMany(Errors)).ToList();
        if (errors.Count > 0)
        {
            throw new InvalidOperationException(string.Join(' ', errors));
        }

        _byName = _tools.ToFrozenDictionary(tool => tool.Name, StringComparer.Ordinal);
    }

    /// <summary>Those that a turn may call: all but what its configuration switches off.</summary>
    public IReadOnlyList<Tool> For(TurnConfig config) => [.. _tools.Where(tool => IsOn(tool.Name, config))];

    /// <summary>The tool of this name; null: there is none.</summary>
    public Tool? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Whether the configuration leaves it on; one that is not named is.</summary>
    public static bool IsOn(string name, TurnConfig config) => config.Tools.GetValueOrDefault(name, true);

    private IEnumerable<string> Errors(Tool tool)
    {
        if (!VendorsName().IsMatch(tool.Name))
        {
            yield return $"The tool '{tool.Name}' needs a name of 1 to 64 letters, digits, '_' and '-'.";
        }

        if (tool.Timeout <= TimeSpan.Zero || tool.HedgeAfter <= TimeSpan.Zero)
        {
            yield return $"The tool '{tool.Name}' needs times greater than zero.";
        }

        if (tool.HedgeWith is not { } name)
        {
            yield break;
        }

        if (name == tool.Name || !_tools.Any(other => other.Name == name))
        {
            yield return $"The tool '{tool.Name}' is hedged with '{name}', which is no other tool.";
        }
        else if (_tools.Any(both => (both == tool || both.Name == name) && both.Effect is not ToolEffect.ReadOnly))
        {
            yield return $"The tool '{tool.Name}' is hedged with '{name}', and both must be read-only.";
        }
    }

    // What OpenAI's API takes.
    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}\\z")]
    private static partial Regex VendorsName();
}
