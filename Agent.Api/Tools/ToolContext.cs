using System.Diagnostics;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tools;

/// <summary>What one step of a turn gives all of its tools.</summary>
/// <param name="Session">The session's id.</param>
/// <param name="Step">The step's place in the turn, from 0: as many steps as are over.</param>
/// <param name="Calls">The step's calls, in order.</param>
/// <param name="Config">The turn's configuration, whose switches hold for whatever the model calls.</param>
/// <param name="Knobs">The kill switch; replays, and does not end before the step.</param>
/// <param name="Trace">The trace that they belong to; default: whatever runs.</param>
internal sealed record ToolContext(
    string Session, int Step, IReadOnlyList<ToolCalled> Calls, TurnConfig Config, IObservable<LiveKnobs> Knobs, ActivityContext Trace = default);
