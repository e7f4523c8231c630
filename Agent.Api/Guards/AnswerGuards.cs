using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Guards;

/// <summary>What a guard found.</summary>
/// <param name="Guard">Its name, as in the event.</param>
/// <param name="Error">The slug by which the turn fails.</param>
/// <param name="Detail">In numbers.</param>
internal sealed record GuardTrip(string Guard, string Error, string Detail);

/// <summary>Watches over a running answer. Each threshold is a signal: a change acts on the answer that runs.</summary>
internal static class AnswerGuards
{
    // As the greatest guards.loopRun that can be set.
    private const int MostLoopRun = 10_000;

    /// <summary>Cuts an answer as soon as a guard trips: then come <c>guard.tripped</c> and <c>turn.failed</c>.</summary>
    public static IObservable<SessionEvent> Guard(
        this IObservable<SessionEvent> answer, IObservable<LiveKnobs> knobs, string turn, IScheduler scheduler) =>
        answer
            .Select(happened => (IReadOnlyList<SessionEvent>)[happened])
            .Publish(said => said.CutBy(
                Stall(said, knobs, scheduler).Merge(Loop(said.SelectMany(events => events), knobs)),
                trip =>
                [
                    new GuardTripped(trip.Guard, "cut", trip.Detail) { Turn = turn },
                    new TurnFailed(trip.Error, Retriable: true) { Turn = turn },
                ]))
            .SelectMany(events => events);

    private static IObservable<GuardTrip> Stall<T>(IObservable<T> said, IObservable<LiveKnobs> knobs, IScheduler scheduler) => said
        .GapsLongerThan(knobs.Select(live => TimeSpan.FromSeconds(live.Guards.StallSeconds)), scheduler)
        .Select(gap => new GuardTrip("stall", ProblemTypes.Stalled, FormattableString.Invariant($"no token for {gap.TotalSeconds:0.0} s")));

    // A run of blank tokens is layout, such as the indents of code.
    private static IObservable<GuardTrip> Loop(IObservable<SessionEvent> said, IObservable<LiveKnobs> knobs)
    {
        var run = knobs.Select(live => live.Guards.LoopRun).DistinctUntilChanged();
        return said.OfType<TokenProduced>().Select(token => token.Text)
            .SlidingBy(run, MostLoopRun)
            .WithLatestFrom(run, (window, most) => (Window: window, Most: most))
            .Where(seen => seen.Window.Count >= seen.Most && !string.IsNullOrWhiteSpace(seen.Window[0])
                && seen.Window.All(text => text == seen.Window[0]))
            .Select(seen => new GuardTrip(
                "loop", ProblemTypes.LoopDetected, FormattableString.Invariant($"{seen.Window.Count} equal tokens in a row")));
    }
}
