using System.Diagnostics;

namespace AspireAgent.Agent;

/// <summary>The agent's own spans; those of a model's call are Microsoft.Extensions.AI's.</summary>
internal static class AgentActivities
{
    public const string SourceName = "AspireAgent.Agent";

    public static ActivitySource Source { get; } = new(SourceName);
}
