using System.Reactive.Concurrency;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>Runs plans, and knows over all of them how much is hedged.</summary>
internal sealed class PlanRunner : IDisposable
{
    private const double HedgesAtOnce = 5;

    private readonly ShareLimit _hedges;
    private readonly ModelMetrics _metrics;
    private readonly IScheduler _scheduler;
    private readonly IDisposable _subscription;
    private double _share = new ResilienceKnobs().HedgeShare;

    /// <param name="knobs">The global layer's; replays.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="scheduler">The clock.</param>
    public PlanRunner(IObservable<ResilienceKnobs> knobs, ModelMetrics metrics, IScheduler scheduler)
    {
        (_metrics, _scheduler) = (metrics, scheduler);
        _hedges = new ShareLimit(() => Volatile.Read(ref _share), HedgesAtOnce);
        _subscription = knobs.Subscribe(now => Volatile.Write(ref _share, now.HedgeShare));
    }

    /// <summary>The plan's answer.</summary>
    public IObservable<Spoken> Speak(PlanCall call) => new PlanRun(call, _hedges, _metrics, _scheduler).Speak();

    /// <inheritdoc />
    public void Dispose() => _subscription.Dispose();
}
