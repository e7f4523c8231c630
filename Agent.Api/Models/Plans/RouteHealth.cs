using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams;
using AspireAgent.Streams.Breakers;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>
/// How well a route does, by this pod's own calls: its breaker, the share of traffic that it gets back after a break, and what it may
/// take as the fallback of another (D3).
/// </summary>
internal sealed class RouteHealth : IDisposable
{
    private static readonly double[] RecoverySteps = [0.1, 0.25, 0.5];
    private static readonly TimeSpan LongestCoolDown = TimeSpan.FromMinutes(10);

    private readonly ModelRoute _route;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly CircuitBreaker _breaker;
    private readonly IDisposable _subscriptions;
    private ResilienceKnobs _knobs = new();
    private GuardKnobs _guards = new();
    private double _share = 1;
    private int _fallbackCalls;
    private long _coolUntil = long.MinValue;

    public RouteHealth(
        ModelRoute route, IObservable<ResilienceKnobs> knobs, ModelMetrics metrics, TimeProvider time, IScheduler scheduler, Random random,
        IObservable<GuardKnobs>? guards = null)
    {
        (_route, _time, _random) = (route, time, random);
        _breaker = new CircuitBreaker(
            knobs.Select(now => new BreakerSettings
            {
                FailureShare = now.BreakerFailureShare,
                MinimumCalls = now.BreakerMinimumCalls,
                Window = TimeSpan.FromSeconds(now.BreakerWindowSeconds),
                Break = TimeSpan.FromSeconds(now.BreakSeconds),
                TrialTimeout = route.FirstTokenTimeout,
            }),
            scheduler, random);
        _subscriptions = new System.Reactive.Disposables.CompositeDisposable(
            knobs.Subscribe(now => Volatile.Write(ref _knobs, now)),
            (guards ?? Observable.Empty<GuardKnobs>()).Subscribe(now => Volatile.Write(ref _guards, now)),
            _breaker.States.StepwiseRecovery(RecoverySteps, () => TimeSpan.FromSeconds(_knobs.RecoveryStepSeconds), random, scheduler)
                .Subscribe(share => Volatile.Write(ref _share, share)),
            _breaker.States.Skip(1).Subscribe(state => metrics.BreakerChanged(route.Name, state)),
            metrics.Watch(route.Name, () => _breaker.State, () => Volatile.Read(ref _fallbackCalls)));
    }

    /// <summary>The thresholds by which the route is judged, whatever those of a tenant are.</summary>
    public GuardKnobs Guards => Volatile.Read(ref _guards);

    /// <summary>The breaker's state.</summary>
    public BreakerState State => _breaker.State;

    /// <summary>Calls that it serves now as the fallback of another.</summary>
    public int FallbackCalls => Volatile.Read(ref _fallbackCalls);

    /// <summary>Whether this one turn is left to the next route, since the traffic comes back by and by. At random, by the step's share.</summary>
    public bool IsSpared() => _breaker.State is BreakerState.Closed && Volatile.Read(ref _share) is < 1 and var share && _random.NextDouble() >= share;

    /// <summary>The permit of one call.</summary>
    /// <exception cref="CallException">The breaker is open.</exception>
    public BreakerPermit Enter() => _breaker.TryEnter() ?? throw new CallException(_route.Name, CallFailure.BreakerOpen);

    /// <summary>A place among the calls that it serves as a fallback, until it is disposed.</summary>
    /// <exception cref="CallException">There is none, or it cools down.</exception>
    public IDisposable EnterFallback()
    {
        if (_time.GetTimestamp() < Volatile.Read(ref _coolUntil))
        {
            throw new CallException(_route.Name, CallFailure.CoolingDown);
        }

        int taken;
        do
        {
            taken = Volatile.Read(ref _fallbackCalls);
            if (taken >= _route.FallbackCalls)
            {
                throw new CallException(_route.Name, CallFailure.Busy);
            }
        }
        while (Interlocked.CompareExchange(ref _fallbackCalls, taken + 1, taken) != taken); // who is turned away is never counted

        return System.Reactive.Disposables.Disposable.Create(() => Interlocked.Decrement(ref _fallbackCalls));
    }

    /// <summary>It failed as a fallback: what it was given was too much for it.</summary>
    public void CoolDown(TimeSpan? asked)
    {
        var own = TimeSpan.FromSeconds(Volatile.Read(ref _knobs).FallbackCoolDownSeconds);
        var pause = asked is null || asked < own ? own : asked < LongestCoolDown ? asked.Value : LongestCoolDown;
        var until = _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency);
        for (var known = Volatile.Read(ref _coolUntil); until > known;) // of several that fail at once the longest pause holds
        {
            var before = Interlocked.CompareExchange(ref _coolUntil, until, known);
            known = before == known ? until : before;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _subscriptions.Dispose();
        _breaker.Dispose();
    }
}
