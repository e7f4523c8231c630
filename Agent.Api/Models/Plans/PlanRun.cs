using System.Collections.Immutable;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;
using AspireAgent.Streams.Breakers;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>
/// One way through a plan: the routes in order until one has said its first word; the first of them may be hedged by the second. From
/// then on it is that route's answer, and its failure is the turn's to deal with.
/// </summary>
internal sealed class PlanRun(PlanCall call, ShareLimit hedges, ModelMetrics metrics, IScheduler scheduler)
{
    private const string Slow = "slow";

    private IReadOnlyList<RouteCaller> _routes = []; // as they are asked

    // Written by whichever of two that race fails, read by the one that wins.
    private ImmutableList<CallException> _failures = [];
    private string? _hedge; // who was called beside a slow first one

    /// <summary>Fails with a <see cref="PlanExhaustedException"/> before the first word, with a <see cref="CallException"/> after it.</summary>
    public IObservable<Spoken> Speak() => Observable.Defer(() =>
    {
        _routes = Order();
        return Race().Select((spoken, i) => i == 0 ? spoken with { Hops = HopsTo(spoken.Route.Name) } : spoken);
    });

    // Traffic comes back by and by to a route that was ill: the others' turn goes to the routes behind it and, where those are full, to the
    // rules; else all that they do not take would come back at once. Where none of them is well it is all that there is.
    private IReadOnlyList<RouteCaller> Order()
    {
        if (call.After is not null || !call.Routes[0].Health.IsSpared() || !call.Routes.Skip(1).Any(caller => caller.Health.State is BreakerState.Closed))
        {
            return call.Routes;
        }

        _failures = [new CallException(call.Routes[0].Route.Name, CallFailure.Recovering)];
        return [.. call.Routes.Skip(1)];
    }

    private IObservable<Spoken> Race()
    {
        if (call.Knobs.Resilience.HedgeAfterSeconds is not { } patience || _routes.Count < 2)
        {
            return From(0);
        }

        hedges.Earn();
        var backup = _routes[1].Route.Name;
        return Say(_routes[0])
            .Hedge(
                Say(_routes[1]), TimeSpan.FromSeconds(patience), scheduler, () => MayHedge(backup), IsFinal)
            .OrElse(_ =>
            {
                CountHedge(HedgeOutcome.Lost);
                return After(2);
            });
    }

    private IObservable<Spoken> From(int next) => next < _routes.Count
        ? Say(_routes[next]).OrElse(_ => After(next + 1))
        : next == _routes.Count && MayReturn() ? Say(call.Routes[0]).OrElse(_ => After(next + 1))
        : call.LastResort is { } rules ? SayByRule(rules)
        : Exhausted();

    private IObservable<Spoken> After(int next) => _failures.Exists(IsFinal) ? Exhausted() : From(next);

    private IObservable<Spoken> Exhausted() => Observable.Throw<Spoken>(new PlanExhaustedException([.. Failures()], _failures.Exists(IsFinal)));

    // To a route that was to be spared, where the others have failed: those that are full are what it is spared for.
    private bool MayReturn() => !_routes.Contains(call.Routes[0])
        && !_failures.Exists(failure => failure.Failure is CallFailure.Busy or CallFailure.CoolingDown);

    // The request is at fault then, and no other route helps; what only a later route refuses the others may take.
    private bool IsFinal(Exception failure) => failure is CallException { Failure: CallFailure.Refused } refused && refused.Route == _routes[0].Route.Name;

    private IObservable<Spoken> Say(RouteCaller caller) => Observable.Defer(() =>
    {
        var request = call.Prepare(caller.Route);
        return Tell(caller.Route, request, caller.Speak(request, isFallback: caller != call.Plan.First, call.Knobs, call.Context));
    }).Do(_ => { }, failure => Note(failure as CallException ?? new CallException(caller.Route.Name, CallFailure.Unexpected, cause: failure)));

    private void Note(CallException failure) => ImmutableInterlocked.Update(ref _failures, known => known.Add(failure));

    private IObservable<Spoken> SayByRule(ModelRoute rules)
    {
        var request = call.Prepare(rules);
        return Tell(rules, request, PullSource.FromAsyncEnumerable(
            token => rules.Client.GetStreamingResponseAsync(request.Messages, request.Options, token), call.Context.Room));
    }

    private static IObservable<Spoken> Tell(ModelRoute route, ModelRequest request, IObservable<ChatResponseUpdate> updates) =>
        updates.Select(update => new Spoken(route, request, update, []));

    private IReadOnlyList<Hop> HopsTo(string route)
    {
        CountHedge(route == _hedge ? HedgeOutcome.Won : HedgeOutcome.Lost);
        IReadOnlyList<Hop> hops = call.After is { } after ? [after with { To = route }] : [.. Path(route)];
        foreach (var hop in hops)
        {
            metrics.Switched(hop.To, hop.How, hop.Why);
        }

        return hops;
    }

    // Who has the answer after all has not been switched from.
    private IEnumerable<Hop> Path(string route)
    {
        var first = call.Routes[0].Route.Name;
        if (route == first)
        {
            return [];
        }

        var path = Failures().Select(failure => (failure.Route, Why: failure.Failure.ToSlug())).ToList();
        return path.Count == 0
            ? [new Hop(first, route, Slow, SwitchedHow.Hedge)]
            : path.Select((step, i) => new Hop(step.Route, i + 1 < path.Count ? path[i + 1].Route : route, step.Why, SwitchedHow.Fallback));
    }

    // In the plan's order: of two that race the second may fail first.
    private IEnumerable<CallException> Failures() => call.Routes.SelectMany(caller => _failures.Where(failure => failure.Route == caller.Route.Name));

    private bool MayHedge(string backup)
    {
        if (hedges.TrySpend())
        {
            _hedge = backup;
            return true;
        }

        metrics.Hedged(backup, HedgeOutcome.Refused);
        return false;
    }

    private void CountHedge(HedgeOutcome outcome)
    {
        if (Interlocked.Exchange(ref _hedge, null) is { } backup)
        {
            metrics.Hedged(backup, outcome);
        }
    }
}
