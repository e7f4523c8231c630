using System.Collections.Immutable;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;
using AspireAgent.Streams.Breakers;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>
/// One way through a plan: the routes in order until one has said its first word; the first of them may be hedged by the second. From
/// then on it is that route's answer, and its failure is the turn's to deal with.
/// </summary>
internal sealed class PlanRun(PlanCall call, ShareLimit hedges, ModelMetrics metrics, IScheduler scheduler)
{
    private const string Slow = "slow";

    // Written by whichever of two that race fails, read by the one that wins.
    private ImmutableList<CallException> _failures = [];
    private RouteCaller? _hedge;

    /// <summary>Fails with a <see cref="PlanExhaustedException"/> before the first word, with a <see cref="CallException"/> after it.</summary>
    public IObservable<Spoken> Speak() => Observable.Defer(() =>
    {
        var routes = Order();
        if (call.Knobs.Resilience.HedgeAfterSeconds is not { } patience || routes.Count < 2)
        {
            return From(routes, 0);
        }

        hedges.Earn();
        return Say(routes[0])
            .Hedge(Say(routes[1]), TimeSpan.FromSeconds(patience), scheduler, () => MayHedge(routes[1]), IsFinal)
            .OrElse(failure => After(failure, routes, 2));
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

    private IObservable<Spoken> From(IReadOnlyList<RouteCaller> routes, int next) => next < routes.Count
        ? Say(routes[next]).OrElse(failure => After(failure, routes, next + 1))
        : call.LastResort is { } rules ? SayByRule(rules)
        : Observable.Throw<Spoken>(new PlanExhaustedException(_failures));

    private IObservable<Spoken> After(Exception failure, IReadOnlyList<RouteCaller> routes, int next) =>
        IsFinal(failure) ? Observable.Throw<Spoken>(new PlanExhaustedException(_failures)) : From(routes, next);

    private static bool IsFinal(Exception failure) => failure is CallException { Failure: CallFailure.Refused };

    private IObservable<Spoken> Say(RouteCaller caller) => Observable.Defer(() =>
    {
        var request = call.Prepare(caller.Route);
        return Tell(caller.Route, request, caller
            .Speak(request, isFallback: caller != call.Plan.First, call.Knobs, call.Context)
            .Do(_ => { }, failure => ImmutableInterlocked.Update(ref _failures, known => known.Add((CallException)failure))));
    });

    private IObservable<Spoken> SayByRule(ModelRoute rules)
    {
        var request = call.Prepare(rules);
        return Tell(rules, request, PullSource.FromAsyncEnumerable(
            token => rules.Client.GetStreamingResponseAsync(request.Messages, request.Options, token), call.Context.Room));
    }

    private IObservable<Spoken> Tell(ModelRoute route, ModelRequest request, IObservable<Microsoft.Extensions.AI.ChatResponseUpdate> updates) =>
        updates.Select((update, i) => new Spoken(route, request, update, i == 0 ? HopsTo(route.Name) : []));

    private IReadOnlyList<Hop> HopsTo(string route)
    {
        if (_hedge is { Route.Name: var hedge })
        {
            metrics.Hedged(hedge, route == hedge ? HedgeOutcome.Won : HedgeOutcome.Lost);
        }

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

        var path = _failures.Select(failure => (failure.Route, Why: failure.Failure.ToSlug())).ToList();
        return path.Count == 0
            ? [new Hop(first, route, Slow, SwitchedHow.Hedge)]
            : path.Select((step, i) => new Hop(step.Route, i + 1 < path.Count ? path[i + 1].Route : route, step.Why, SwitchedHow.Fallback));
    }

    private bool MayHedge(RouteCaller backup)
    {
        if (hedges.TrySpend())
        {
            _hedge = backup;
            return true;
        }

        metrics.Hedged(backup.Route.Name, HedgeOutcome.Refused);
        return false;
    }
}
