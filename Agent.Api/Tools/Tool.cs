using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tools;

/// <summary>A tool that the agent runs itself.</summary>
/// <param name="Function">Its name, description, schema and code. It must heed its token: whoever stops a turn stops its tools.</param>
/// <param name="Effect">What it means to run it twice.</param>
/// <param name="Timeout">The longest that one run may take.</param>
/// <param name="HedgeWith">
/// Name of the tool that is started beside it, with the same arguments, where it is slow or fails; the first valid result wins. Only
/// among read-only ones.
/// </param>
internal sealed record Tool(AIFunction Function, ToolEffect Effect, TimeSpan Timeout, string? HedgeWith = null)
{
    public string Name => Function.Name;

    /// <summary>How long it has to itself.</summary>
    public TimeSpan HedgeAfter { get; init; } = TimeSpan.FromSeconds(2);
}
