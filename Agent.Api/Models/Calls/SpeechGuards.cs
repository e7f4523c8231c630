using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>What a watch over a running answer has found.</summary>
/// <param name="Failure">What it is.</param>
/// <param name="Detail">In numbers.</param>
/// <param name="IsRoutes">Whether it would be one by the global layer's thresholds, too: a tenant's own patience says nothing of the route.</param>
internal sealed record SpeechFault(CallFailure Failure, string Detail, bool IsRoutes = true);

/// <summary>Watches over a model that has begun to speak. Each threshold is a signal: a change acts on the answer that runs.</summary>
internal static class SpeechGuards
{
    /// <summary>Emits when the model stalls, drips, or speaks for too long altogether; ends with <paramref name="waits"/>.</summary>
    /// <param name="waits">Whether we wait for the model, from its first word on; time that the log takes is not the model's.</param>
    /// <param name="route">Its patience holds, whatever the knobs say.</param>
    /// <param name="knobs">The thresholds; replays.</param>
    /// <param name="global">Those of the global layer.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<SpeechFault> Faults(
        IObservable<bool> waits, ModelRoute route, IObservable<LiveKnobs> knobs, Func<GuardKnobs> global, IScheduler scheduler) =>
        waits.Publish(shared => Observable.Merge(
            Stall(shared, route.TokenTimeout, knobs, global, scheduler),
            Drip(shared, knobs, global, scheduler),
            Observable.Timer(route.TotalTimeout, scheduler).TakeUntil(shared.LastOrDefaultAsync())
                .Select(_ => new SpeechFault(CallFailure.Timeout, FormattableString.Invariant($"no end after {route.TotalTimeout.TotalSeconds:0.0} s")))));

    private static IObservable<SpeechFault> Stall(
        IObservable<bool> waits, TimeSpan patience, IObservable<LiveKnobs> knobs, Func<GuardKnobs> global, IScheduler scheduler) => waits
        .WaitsLongerThan(
            knobs.Select(live => TimeSpan.FromSeconds(live.Guards.StallSeconds)).Select(gap => gap < patience ? gap : patience), scheduler)
        .Select(gap => new SpeechFault(CallFailure.Stalled, FormattableString.Invariant($"nothing for {gap.TotalSeconds:0.0} s"),
            gap >= patience || gap.TotalSeconds >= global().StallSeconds));

    private static IObservable<SpeechFault> Drip(
        IObservable<bool> waits, IObservable<LiveKnobs> knobs, Func<GuardKnobs> global, IScheduler scheduler) => waits
        .DripsSlowerThan(
            knobs.Select(live => new DripLimit(live.Guards.DripTokensPerSecond, TimeSpan.FromSeconds(live.Guards.DripWindowSeconds)))
                .DistinctUntilChanged(),
            scheduler)
        .Select(rate => new SpeechFault(CallFailure.SlowDrip, FormattableString.Invariant($"{rate:0.00} updates/s"), rate < global().DripTokensPerSecond));
}
