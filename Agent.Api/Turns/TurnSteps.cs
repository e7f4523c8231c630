using System.Reactive.Linq;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// A turn step by step: the models speak, the tools that they call run, and the models speak again, with what those have returned, until
/// they call none. Where the turn stands is read from the session's own fold: after a crash it goes on there.
/// </summary>
internal sealed class TurnSteps(TurnRequest turn, TurnSession session, TurnPrompt prompt, TurnAnswer answer, ToolRunner tools)
{
    private const int ToolsAtOnce = 8;

    private readonly HashSet<string> _unknown = [.. turn.Cut?.Pending.Select(call => call.Call) ?? []];

    private RunningTurn Running => session.Running(turn);

    /// <summary>The events up to the answer's end, or to one that ends the turn.</summary>
    public IObservable<SessionEvent> Run() => Observable.Defer(() =>
            turn.Cut is { Steps.IsEmpty: false, Build: { } spoken } && spoken.Prompt != prompt.Version ? Failed(ProblemTypes.Interrupted) // an answer never mixes two
            : turn.Cut is { Route: ModelOptions.LastResort, Step.Pieces.IsEmpty: false } // all of it is one piece
                || _unknown.Count > 0 ? Observable.Empty<SessionEvent>()
            : answer.Speak())
        .Concat(Observable.Defer(Next));

    private IObservable<SessionEvent> Next()
    {
        var running = Running;
        var pending = running.Pending.ToList();
        return pending.Count == 0 ? Observable.Empty<SessionEvent>()

            // Nobody knows what came of it, and to do it twice may be worse than not at all.
            : pending.Exists(call => _unknown.Contains(call.Call) && !call.MayRunAgain()) ? Failed(ProblemTypes.ToolOutcomeUnknown)
            : running.Steps.Count >= turn.Snapshot.Config.MaxToolRounds ? Failed(ProblemTypes.TooManyToolRounds)
            : Call(running, pending).Concat(Observable.Defer(answer.Speak)).Concat(Observable.Defer(Next));
    }

    // A tool starts when the log holds that it was called. A log that cannot be written ends the session, and us with it.
    private IObservable<SessionEvent> Call(RunningTurn running, List<ToolCalled> pending)
    {
        var context = new ToolContext(session.Id, running.Steps.Count, running.ToolCalls, turn.Snapshot.Config, session.Knobs);
        return Observable.FromAsync(session.Saved)
            .SelectMany(saved => saved ? pending.ToObservable() : Observable.Never<ToolCalled>())
            .Select(call => Observable.FromAsync(token => tools.RunAsync(call, context, token)))
            .Merge(ToolsAtOnce);
    }

    private IObservable<SessionEvent> Failed(string error) =>
        Observable.Return<SessionEvent>(new TurnFailed(error, Retriable: true) { Turn = turn.Turn });
}
