using System.Reactive.Linq;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Sessions;

/// <summary>The session's turns: which runs, which wait, and what ends them early.</summary>
internal sealed partial class Session
{
    // A turn that kills its pods, one after the other, is not given another.
    private const int MostMovesInVain = 3;

    // The cut turn counts as running from here on: a stop must not miss it, though nothing of it runs yet.
    private void GoOn(string why)
    {
        lock (_inputGate)
        {
            EnterAll(why);
        }
    }

    private void EnterAll(string why)
    {
        SessionState state;
        RunningTurn? cut;
        lock (_lock)
        {
            (state, cut) = (_state, _active is null ? _state.Running : null);
            if (cut?.MovesInVain > MostMovesInVain)
            {
                Write(new TurnFailed(ProblemTypes.Interrupted, Retriable: true) { Turn = cut.Id });
                cut = null;
            }

            _active ??= cut is null ? null : Activate(TurnInput.Again(cut.Input, _services.Time), cut.FirstTokenAt);
        }

        if (cut is not null)
        {
            Enter(TurnInput.Again(cut.Input, _services.Time) with { CutBy = why });
        }

        foreach (var waiting in state.Waiting)
        {
            Enter(TurnInput.Again(waiting, _services.Time));
        }
    }

    // Whoever asked so long ago does not wait for it any more.
    private void FailAll()
    {
        lock (_lock)
        {
            foreach (var turn in _state.Waiting.Select(waiting => waiting.Turn).Prepend(_state.Running?.Id).OfType<string>().ToList())
            {
                Write(new TurnFailed(ProblemTypes.Interrupted, Retriable: true) { Turn = turn });
            }
        }
    }

    private ActiveTurn Activate(TurnInput input, DateTimeOffset? firstTokenAt) => new(
        input.Event.Turn!, new TurnClock(_services.Time, input.ReceivedAt, firstTokenAt - input.Event.At));

    private void BargeIn(TurnInput input, TurnSnapshot snapshot)
    {
        if (snapshot.Config.InputPolicy is not InputPolicy.Interrupt)
        {
            return;
        }

        ActiveTurn? active;
        lock (_lock)
        {
            active = _active?.Id == input.Event.Turn ? null : _active;
            CancelWaiting(CancelledBy.Interrupt, before: input.Event.Seq);
        }

        active?.Stop.OnNext(CancelledBy.Interrupt);
    }

    // The clients have gone, and the time that the configuration gives them is over.
    private void GiveUp()
    {
        if (Reader.IsInUse)
        {
            return;
        }

        ActiveTurn? active;
        lock (_lock)
        {
            active = _active;
            CancelWaiting(CancelledBy.Disconnect, before: long.MaxValue);
        }

        active?.Stop.OnNext(CancelledBy.Disconnect);
    }

    // A turn that was cancelled while it waited does not start, and none starts in a session that is about to leave.
    private IObservable<SessionEvent> Run(TurnInput input, TurnSnapshot snapshot, BudgetStatus? budget)
    {
        ActiveTurn active;
        SessionState before;
        lock (_lock)
        {
            before = _state;
            var isDue = input.CutBy is null
                ? before.Waiting.Exists(waiting => waiting.Turn == input.Event.Turn)
                : before.Running?.Id == input.Event.Turn;
            if (!isDue || _leaving)
            {
                if (_active is { } resumed && resumed.Id == input.Event.Turn)
                {
                    _active = null;
                    resumed.End();
                }

                return Observable.Empty<SessionEvent>();
            }

            active = _active?.Id == input.Event.Turn ? _active! : Activate(input, before.Running?.FirstTokenAt);
            _active = active;
            if (input.CutBy is null)
            {
                var route = _services.Turns.RouteOf(input.Event, snapshot.Config, before.Tier);
                Write(new TurnStarted(input.Event.Id, snapshot.Revisions, route) { Turn = active.Id });
            }
        }

        // The stop comes on a thread of its own: whoever calls it may hold a lock that the turn's events need.
        var knobs = _settings.Select(settings => settings.Live).DistinctUntilChanged();
        var session = new TurnSession(
            Grant.Session, active.Clock, active.Stop.ObserveOn(PoolScheduler.Instance), knobs.OnItsOwnThread(), _writer.RoomAsync,
            () => State, token => _writer.AcknowledgedAsync(State.Seq, token));
        return _services.Turns.Run(new TurnRequest(input, snapshot, budget, before), session).Finally(() =>
        {
            lock (_lock)
            {
                _active = _active == active ? null : _active; // the next may have begun already
            }

            active.End();
            Touch();
        });
    }

    private void CancelWaiting(CancelledBy by, long before)
    {
        foreach (var waiting in _state.Waiting.Where(waiting => waiting.Seq < before))
        {
            Write(new TurnCancelled(by) { Turn = waiting.Turn });
        }
    }

    private string? FirstWaiting() => _state.Waiting.IsEmpty ? null : _state.Waiting[0].Turn;

    // Null where it is over or never was.
    private string? TurnOf(string input) =>
        _state.Inputs.TryGetValue(input, out var known) && (_state.Running?.Id == known.Turn || _state.Waiting.Exists(waiting => waiting.Turn == known.Turn))
            ? known.Turn
            : null;
}
