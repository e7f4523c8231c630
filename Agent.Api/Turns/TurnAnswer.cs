using System.Reactive.Linq;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Continuations;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// What the models say in one turn: the plan's answer and, where that breaks off, what the continuation policy makes of it (I11). What
/// has been said is read from the session's own fold, so that a model that breaks off and a pod that dies are one case.
/// </summary>
internal sealed class TurnAnswer(
    TurnRequest turn, TurnSession session, ModelPlan plan, TurnPrompt prompt, AnswerTranslator translator, TurnBill bill, PlanRunner plans)
{
    private readonly ContinuationConfig _rules = turn.Snapshot.Config.Continuation;

    private ModelRequest? _request;
    private readonly List<string> _broken = []; // routes, once for each time
    private bool _isTrimmed = turn.Cut is not null; // the former owner has said so

    /// <summary>The route that speaks, or is to.</summary>
    public string Route { get; private set; } = turn.Cut?.Route ?? plan.First.Route.Name;

    /// <summary>Tokens that a former owner's model said, and that the answer goes on from.</summary>
    public long FormersTokens { get; private set; }

    private RunningTurn Running => session.Running(turn);

    private static bool IsEmpty(TurnStep step) => step.Pieces.IsEmpty && step.Calls.IsEmpty;

    /// <summary>
    /// The events of the present step, up to its end or to one that ends the turn. Fails with a <see cref="PlanExhaustedException"/>
    /// where no route could say anything, and no rule.
    /// </summary>
    public IObservable<SessionEvent> Speak() => Observable.Defer(() =>
    {
        var running = Running;
        if (IsEmpty(running.Step))
        {
            return Ask(turn.Cut is null && running.Steps.IsEmpty ? plan.Routes : plan.From(running.Route));
        }

        FormersTokens = prompt.Count(running.PartialText);
        return GoOn(Route, turn.Input.CutBy!, plan.From(running.Route)) ?? Failed(ProblemTypes.Interrupted);
    });

    // One call of the plan, and what comes of it.
    private IObservable<SessionEvent> Ask(IReadOnlyList<RouteCaller> routes, string prefix = "", Hop? after = null) =>
        session.Knobs.Take(1).SelectMany(knobs => // sampling is that of the instant of the call
        {
            if (knobs.Kill.Answers)
            {
                return Observable.Never<SessionEvent>(); // switched off meanwhile: the cut is on its way
            }

            var running = Running with { Step = TurnStep.Empty };
            if (prefix.Length > 0 && prompt.TokensLeft(routes[0].Route, running, prefix) <= 0)
            {
                translator.CutShort(); // it had said all that it may before it was cut off
                return Observable.Empty<SessionEvent>();
            }

            var able = prompt.NeedsTools(running) && routes.Where(caller => caller.Route.Tools).ToList() is { Count: > 0 } some ? some : routes;
            var seam = prefix.Length == 0 ? null : new Seam(prefix);
            var isFirst = running.Steps.IsEmpty && after?.How is null or SwitchedHow.Fallback;
            return plans
                .Speak(new PlanCall(
                    plan, able, route => prompt.For(route, running, prefix, knobs), knobs,
                    new CallContext(session.Knobs, session.Room, bill.Asked, bill.Free), isFirst ? prompt.LastResort : null, after))
                .SelectMany(spoken => Tell(spoken, seam))
                .Concat(Observable.Defer(() => translator.Flush().ToObservable()))
                .Catch((CallException broken) => Recover(broken))
                .Catch((InvalidDataException _) => Recover(new CallException(Route, CallFailure.Garbled)));
        });

    private IEnumerable<SessionEvent> Tell(Spoken spoken, Seam? seam)
    {
        foreach (var hop in spoken.Hops)
        {
            if (hop.How is SwitchedHow.Restart)
            {
                translator.Restart();
                FormersTokens = 0;
            }

            yield return new ModelSwitched(hop.From, hop.To, hop.Why, hop.How) { Turn = turn.Turn };
        }

        if (_request != spoken.Request)
        {
            (_request, Route) = (spoken.Request, spoken.Route.Name);
            bill.Begin(spoken.Request);
            translator.Begin(spoken.Route.Model, seam);
            if (spoken.Request.DroppedTurns > 0 && !_isTrimmed)
            {
                _isTrimmed = true;
                yield return new ContextTrimmed(spoken.Request.DroppedTurns) { Turn = turn.Turn };
            }
        }

        foreach (var happened in translator.Translate(spoken.Update))
        {
            yield return happened;
        }
    }

    // A model broke off after its first word.
    private IObservable<SessionEvent> Recover(CallException broken)
    {
        var guard = broken.Failure switch
        {
            CallFailure.Stalled => "stall",
            CallFailure.SlowDrip => "drip",
            _ => null,
        };
        _broken.Add(broken.Route);
        var next = _broken.Count > _rules.MostRecoveries
            ? null
            : GoOn(broken.Route, broken.Failure.ToSlug(), plan.Without(broken.Route));
        var error = guard is null ? ProblemTypes.Interrupted : ProblemTypes.Stalled;
        return guard is null
            ? next ?? Failed(error)
            : (next ?? Failed(error)).StartWith(
                new GuardTripped(guard, next is null ? "cut" : "switch", broken.Detail ?? "") { Turn = turn.Turn });
    }

    // Null where the policy, or what the routes can do, says that the turn is over. An answer never mixes two prompts: where the prompt
    // has changed meanwhile, and where a tool's call was said, it cannot go on but only start anew.
    private IObservable<SessionEvent>? GoOn(string from, string why, IReadOnlyList<RouteCaller> routes)
    {
        var running = Running;
        if (IsEmpty(running.Step))
        {
            return Ask(routes, after: new Hop(from, "", why, SwitchedHow.Fallback));
        }

        var canGoOn = _rules.Policy is ContinuationPolicy.Continue && running.Step.Calls.IsEmpty && running.Build?.Prompt == prompt.Version;
        var mayRestart = _rules is { Policy: ContinuationPolicy.Restart } or { Policy: ContinuationPolicy.Continue, OnNoPrefill: NoPrefillPolicy.Restart };
        var able = canGoOn ? routes.Where(caller => caller.Route.Prefill is not Prefill.None && !IsHopeless(caller.Route.Name)).ToList() : [];
        var others = mayRestart ? routes.Except(able).ToList() : [];

        var anew = others.Count == 0 ? null : Ask(others, after: new Hop(from, "", why, SwitchedHow.Restart));
        var goesOn = able.Count == 0 ? anew
            : Ask(able, running.PartialText, new Hop(from, "", why, SwitchedHow.Continuation))
                .Catch((PlanExhaustedException exhausted) => anew ?? Observable.Throw<SessionEvent>(exhausted));
        return goesOn?.Catch((PlanExhaustedException _) => Failed(ProblemTypes.Interrupted));
    }

    // Once may be chance.
    private bool IsHopeless(string route) => _broken.Count(name => name == route) > 1;

    private IObservable<SessionEvent> Failed(string error) =>
        Observable.Return<SessionEvent>(new TurnFailed(error, Retriable: true) { Turn = turn.Turn });
}
