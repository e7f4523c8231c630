using AspireAgent.Agent.Models;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// How a turn goes on that was cut off after its first words were committed: after them, anew, or not at all (I11). One that had
/// said nothing just begins again.
/// </summary>
/// <param name="First">What the log is told before anything else; null: nothing.</param>
/// <param name="Prefix">The words that the model goes on from; empty: it begins.</param>
/// <param name="Spoken">The build that names the answer; null: the next first words name one.</param>
internal sealed record Continuation(SessionEvent? First, string Prefix, BuildId? Spoken)
{
    /// <summary>Of a turn that nothing has been said in.</summary>
    public static Continuation None { get; } = new(null, "", null);

    /// <summary>Whether the turn is over with <see cref="First"/>.</summary>
    public bool Ends => First is { EndsTurn: true };

    /// <summary>
    /// What the configuration and the route allow. An answer never mixes two prompts: where the prompt has changed meanwhile, and
    /// where a tool's call was said, it cannot go on but only start anew.
    /// </summary>
    public static Continuation Of(TurnRequest turn, ModelRoute route, string promptVersion)
    {
        if (turn.Cut is not { Build: { } spoken } cut)
        {
            return None;
        }

        var rules = turn.Snapshot.Config.Continuation;
        var canGoOn = route.Prefill is Prefill.LastAssistant && cut.ToolCalls.IsEmpty && spoken.Prompt == promptVersion;
        var how = rules.Policy switch
        {
            ContinuationPolicy.Stop => (SwitchedHow?)null,
            ContinuationPolicy.Continue when canGoOn => SwitchedHow.Continuation,
            ContinuationPolicy.Continue when rules.OnNoPrefill is NoPrefillPolicy.Stop => null,
            _ => SwitchedHow.Restart,
        };
        if (how is not { } switched)
        {
            return new Continuation(new TurnFailed(ProblemTypes.Interrupted, Retriable: true) { Turn = turn.Turn }, "", spoken);
        }

        var first = new ModelSwitched(cut.Route ?? route.Name, route.Name, turn.Input.CutBy!, switched) { Turn = turn.Turn };
        return switched is SwitchedHow.Continuation ? new Continuation(first, cut.PartialText, spoken) : new Continuation(first, "", null);
    }
}
