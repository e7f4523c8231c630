using System.Text.Json;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>The tools that one turn's models are shown: the call's own, which the caller runs, or else the agent's.</summary>
internal sealed class AnswerTools(TurnRequest turn, ToolRegistry registry)
{
    private readonly bool _areCallers = turn.Input.Event.Options?.Tools is not null;
    private readonly List<AITool> _agents = [.. registry.For(turn.Snapshot.Config).Select(tool => tool.Function.AsDeclarationOnly())];

    /// <summary>Whether the call brings some of its own; it may bring none, and want none.</summary>
    public bool HasCallers { get; } = turn.Input.Event.Options?.Tools is { ValueKind: JsonValueKind.Array } given && given.GetArrayLength() > 0;

    /// <summary>Shows the agent's, where the call brings none of its own.</summary>
    /// <param name="options">Of the request.</param>
    /// <param name="mayCall">Whether the model may call them. If not it still has to know them: its prompt tells of calls.</param>
    public void AddTo(ChatOptions options, bool mayCall)
    {
        if (!_areCallers && _agents.Count > 0)
        {
            options.Tools = [.. _agents];
            options.ToolMode = mayCall ? options.ToolMode : ChatToolMode.None;
        }
    }

    /// <summary>What it means to call one. A name that nobody has given harms nobody.</summary>
    public string EffectOf(string name) => _areCallers ? ToolCalled.Client : (registry.Find(name)?.Effect ?? ToolEffect.ReadOnly).ToWire();
}
