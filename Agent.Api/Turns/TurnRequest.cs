using System.Diagnostics;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>An input as it enters the session's pipeline.</summary>
/// <param name="Event">What the log says of it.</param>
/// <param name="ReceivedAt">Timestamp of its receipt, for the turn's clock.</param>
/// <param name="Trace">The trace that it belongs to.</param>
/// <param name="CutBy">Where its turn has begun already, on a pod that no longer has the session: what cut it off.</param>
internal sealed record TurnInput(InputAccepted Event, long ReceivedAt, ActivityContext Trace, string? CutBy = null)
{
    /// <summary>One that another pod accepted, some time ago by the pods' clocks.</summary>
    public static TurnInput Again(InputAccepted accepted, TimeProvider time)
    {
        var ago = time.GetUtcNow() - accepted.At;
        var ticks = (long)(Math.Max(0, ago.TotalSeconds) * time.TimestampFrequency);
        return new TurnInput(accepted, time.GetTimestamp() - ticks, default);
    }
}

/// <summary>The configuration as one turn sees it, from its input to its end.</summary>
internal sealed record TurnSnapshot(TurnConfig Config, IReadOnlyDictionary<string, long> Revisions);

/// <summary>All that a turn is made of; none of it changes while the turn runs.</summary>
internal sealed record TurnRequest(TurnInput Input, TurnSnapshot Snapshot, BudgetStatus? Budget, SessionState State)
{
    /// <summary>The turn's id.</summary>
    public string Turn => Input.Event.Turn!;

    /// <summary>What a former owner has made of it; null: it begins here.</summary>
    public RunningTurn? Cut => Input.CutBy is null ? null : State.Running;
}

/// <summary>What the session offers a running turn.</summary>
/// <param name="Id">The session's id.</param>
/// <param name="Clock">Told by the session when the first token is saved.</param>
/// <param name="Stop">Emits once when somebody ends the turn; replays.</param>
/// <param name="Knobs">What the turn follows while it runs; replays.</param>
/// <param name="Room">Awaited before each pull of the model.</param>
/// <param name="Now">The fold of all that has been written, the turn's own events included.</param>
/// <param name="Saved">Completes when the log holds all that has been written; false: it never will.</param>
internal sealed record TurnSession(
    string Id, TurnClock Clock, IObservable<CancelledBy> Stop, IObservable<LiveKnobs> Knobs, Func<CancellationToken, ValueTask> Room,
    Func<SessionState> Now, Func<CancellationToken, Task<bool>> Saved)
{
    /// <summary>What the turn has said and done so far. Where it is over meanwhile: nothing, and nobody is told what is made of that.</summary>
    public RunningTurn Running(TurnRequest turn) =>
        Now().Running is { } running && running.Id == turn.Turn ? running : new RunningTurn(turn.Input.Event);
}
