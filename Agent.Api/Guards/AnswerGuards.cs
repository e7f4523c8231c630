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

/// <summary>Watches over what a turn says, whoever says it. Each threshold is a signal: a change acts on the answer that runs.</summary>
internal static class AnswerGuards
{
    // Blanks, digits and rules are repeated for good reasons: layout, numbers, tables.
    private const int WithoutLetters = 8;

    /// <summary>Cuts an answer as soon as a guard trips: then come <c>guard.tripped</c> and <c>turn.failed</c>.</summary>
    /// <param name="answer">The events of the answer.</param>
    /// <param name="knobs">The thresholds; replays.</param>
    /// <param name="turn">The turn's id.</param>
    public static IObservable<SessionEvent> Guard(this IObservable<SessionEvent> answer, IObservable<LiveKnobs> knobs, string turn) =>
        answer
            .Select(happened => (IReadOnlyList<SessionEvent>)[happened])
            .Publish(said => said.CutBy(
                Loop(said.SelectMany(events => events), knobs),
                trip =>
                [
                    new GuardTripped(trip.Guard, "cut", trip.Detail) { Turn = turn },
                    new TurnFailed(trip.Error, Retriable: true) { Turn = turn },
                ]))
            .SelectMany(events => events);

    // A lower threshold judges the run that is there.
    private static IObservable<GuardTrip> Loop(IObservable<SessionEvent> said, IObservable<LiveKnobs> knobs) => said
        .OfType<TokenProduced>()
        .Scan((Text: "", Run: 0), (last, token) => token.Text == last.Text ? (last.Text, last.Run + 1) : (token.Text, 1))
        .CombineLatest(
            knobs.Select(live => live.Guards.LoopRun).DistinctUntilChanged(),
            (seen, most) => (seen.Run, IsLoop: seen.Run >= (seen.Text.Any(char.IsLetter) ? most : most * WithoutLetters)))
        .Where(seen => seen.IsLoop)
        .Select(seen => new GuardTrip("loop", ProblemTypes.LoopDetected, FormattableString.Invariant($"{seen.Run} equal tokens in a row")));
}
