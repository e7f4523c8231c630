using System.Reactive.Subjects;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Sessions;

/// <summary>The turn that runs in a session now: its clock, its stop, its end.</summary>
internal sealed class ActiveTurn(string id, TurnClock clock)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id { get; } = id;

    public TurnClock Clock { get; } = clock;

    /// <summary>Replays: a stop that comes before the turn listens is not lost.</summary>
    public ReplaySubject<CancelledBy> Stop { get; } = new(1);

    /// <summary>Completes when the turn's last event has been written.</summary>
    public Task Ended => _ended.Task;

    public void End() => _ended.TrySetResult();
}
