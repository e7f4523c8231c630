using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reactive.Disposables;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams.Breakers;

namespace AspireAgent.Agent.Models;

/// <summary>What the routes do, by route; the tokens and durations of calls are Microsoft.Extensions.AI's to measure.</summary>
internal sealed class ModelMetrics
{
    private static readonly double[] FirstWordSeconds = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30];

    private readonly ConcurrentDictionary<string, (Func<BreakerState> State, Func<int> Fallbacks)> _routes = [];
    private readonly Histogram<double> _firstWord;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _transitions;
    private readonly Counter<long> _hedges;
    private readonly Counter<long> _switches;

    public ModelMetrics(IMeterFactory meterFactory)
    {
        var meter = meterFactory.Create(AgentMetrics.MeterName);
        _firstWord = meter.CreateHistogram(
            "aspireagent.model.first_word", "s", "From an attempt's beginning to its model's first word, retries included.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = FirstWordSeconds });
        _attempts = meter.CreateCounter<long>("aspireagent.model.attempts", "{attempt}", "Attempts that ended, by route and outcome.");
        _retries = meter.CreateCounter<long>("aspireagent.model.retries", "{retry}", "Calls made again on the same route.");
        _transitions = meter.CreateCounter<long>("aspireagent.breaker.transitions", "{transition}", "Changes of a route's breaker, by the state it has then.");
        _hedges = meter.CreateCounter<long>("aspireagent.model.hedges", "{hedge}", "Slow first words, by what came of a second call: won, lost or refused.");
        _switches = meter.CreateCounter<long>("aspireagent.model.switches", "{switch}", "Answers that another call went on with, by how and why.");
        meter.CreateObservableGauge(
            "aspireagent.breaker.state", () => _routes.Select(route => new Measurement<int>((int)route.Value.State(), Tag("route", route.Key))),
            description: "A route's breaker: 0 closed, 1 half-open, 2 open.");
        meter.CreateObservableUpDownCounter(
            "aspireagent.fallback.active", () => _routes.Select(route => new Measurement<int>(route.Value.Fallbacks(), Tag("route", route.Key))),
            "{call}", "Calls that a route serves now as the fallback of another.");
    }

    /// <summary>Shows a route's state until the result is disposed.</summary>
    public IDisposable Watch(string route, Func<BreakerState> state, Func<int> fallbacks)
    {
        _routes[route] = (state, fallbacks);
        return Disposable.Create(() => _routes.TryRemove(route, out _));
    }

    public void FirstWord(string route, TimeSpan waited) => _firstWord.Record(waited.TotalSeconds, Tag("route", route));

    public void Attempted(string route, string outcome) => _attempts.Add(1, Tag("route", route), Tag("outcome", outcome));

    public void Retried(string route) => _retries.Add(1, Tag("route", route));

    public void BreakerChanged(string route, BreakerState state) => _transitions.Add(1, Tag("route", route), Tag("state", ToTag(state)));

    public void Hedged(string route, HedgeOutcome outcome) => _hedges.Add(1, Tag("route", route), Tag("outcome", ToTag(outcome)));

    public void Switched(string route, SwitchedHow how, string why) => _switches.Add(1, Tag("route", route), Tag("how", ToTag(how)), Tag("why", why));

    internal static string ToTag(BreakerState state) => state switch
    {
        BreakerState.Closed => "closed",
        BreakerState.HalfOpen => "half-open",
        BreakerState.Open => "open",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    internal static string ToTag(HedgeOutcome outcome) => outcome switch
    {
        HedgeOutcome.Won => "won",
        HedgeOutcome.Lost => "lost",
        HedgeOutcome.Refused => "refused",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null),
    };

    internal static string ToTag(SwitchedHow how) => how switch
    {
        SwitchedHow.Fallback => "fallback",
        SwitchedHow.Hedge => "hedge",
        SwitchedHow.Continuation => "continuation",
        SwitchedHow.Restart => "restart",
        _ => throw new ArgumentOutOfRangeException(nameof(how), how, null),
    };

    private static KeyValuePair<string, object?> Tag(string name, object value) => new($"aspireagent.{name}", value);
}

/// <summary>What came of a slow first word.</summary>
internal enum HedgeOutcome
{
    /// <summary>The second call spoke first.</summary>
    Won,

    /// <summary>The first call did, or both failed.</summary>
    Lost,

    /// <summary>There was no second call: as many as may be are hedged already.</summary>
    Refused,
}
