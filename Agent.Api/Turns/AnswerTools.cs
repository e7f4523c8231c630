using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>The tools that one turn's models are shown: the call's own, which the caller runs, or else the agent's.</summary>
internal sealed class AnswerTools(TurnRequest turn, ToolRegistry registry)
{
    private readonly bool _areCallers = turn.Input.Event.Options?.Tools is not null;
    private readonly List<AITool> _agents = [.. registry.For(turn.Snapshot.Config).Select(tool => tool.Function.AsDeclarationOnly())];

    /// <summary>Shows the agent's, where the call brings none of its own.</summary>
    public void AddTo(ChatOptions options)
    {
        if (!_areCallers && _agents.Count > 0)
        {
            options.Tools = [.. _agents];
        }
    }

    /// <summary>What it means to call one. A name that nobody has given harms nobody.</summary>
    public string EffectOf(string name) => _areCallers ? ToolCalled.Client : (registry.Find(name)?.Effect ?? ToolEffect.ReadOnly).ToWire();
}
