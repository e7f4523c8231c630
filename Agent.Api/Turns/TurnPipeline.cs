using System.Diagnostics;
using System.Globalization;
using System.Reactive.Linq;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Guards;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Turns;

/// <summary>One turn as one Rx pipeline: admit, prompt, models, events, end; built anew for each input (I3).</summary>
internal sealed partial class TurnPipeline(
    ModelCatalog models, PlanRunner plans, ToolRegistry registry, ToolRunner runner, BudgetGate gate, UsageReporter usage, TokenCounter tokens,
    AgentMetrics metrics, ILogger<TurnPipeline> logger)
{
    /// <summary>
    /// The events of a turn that has started, up to and including the one that ends it. Disposing cancels the calls of models and
    /// tools. Never fails: an error is an event.
    /// </summary>
    public IObservable<SessionEvent> Run(TurnRequest turn, TurnSession session) => Observable.Defer(() =>
    {
        var plan = PlanOf(turn.Input.Event, turn.Snapshot.Config, turn.State.Tier);
        var tools = new AnswerTools(turn, registry);
        var prompt = new TurnPrompt(turn, tools, tokens);
        var bill = new TurnBill(tokens);
        var translator = new AnswerTranslator(turn.Turn, LocalInstance.Build, prompt.Version, tools.EffectOf, bill, turn.Cut?.Build, turn.Cut?.CallIds);
        var answer = new TurnAnswer(turn, session, plan, prompt, translator, bill, plans);
        var activity = AgentActivities.Source.StartActivity("turn", ActivityKind.Internal, turn.Input.Trace);
        activity?.SetTag("aspireagent.turn.id", turn.Turn).SetTag("aspireagent.plan", plan.Name);
        SessionEvent? end = null;
        if (turn.Cut is { FormersText.IsEmpty: false } cut)
        {
            Book(turn, cut.Moves - 1, prompt.Estimate(cut.FormersText)); // now, since this pod may die, too
        }

        metrics.TurnStarted();
        if (!session.Clock.WasReleased)
        {
            _ = MeasureFirstTokenAsync(session.Clock, answer);
        }

        // What was admitted once goes on.
        var events = turn.Cut is not null || gate.Admits(turn.State.Tier, turn.Budget)
            ? new TurnSteps(turn, session, prompt, answer, runner).Run()
                .Guard(session.Knobs, turn.Turn)
                .Concat(Observable.FromAsync(token => CompleteAsync(turn, session, answer, translator, bill, token)))
                .Catch((Exception exception) => Observable.Return(Failed(turn, exception)))
            : Observable.Return<SessionEvent>(new TurnFailed(ProblemTypes.BudgetExhausted, Retriable: true) { Turn = turn.Turn });
        return events
            .CutBy(session.Stop, by => new TurnCancelled(by) { Turn = turn.Turn })
            .CutBy(
                session.Knobs.Where(live => live.Kill.Answers),
                _ => new TurnFailed(ProblemTypes.SwitchedOff, Retriable: true) { Turn = turn.Turn })
            .TakeUntil(happened => happened.EndsTurn) // a turn has one end
            .Do(happened => end = happened.EndsTurn ? happened : end)
            .Finally(() =>
            {
                session.Clock.NoToken();
                var spent = bill.Total;
                Book(turn, turn.Cut?.Moves ?? 0, spent);
                metrics.TurnEnded(end, answer.Route, spent);
                activity?.SetTag("aspireagent.route", answer.Route)
                    .SetTag("aspireagent.outcome", AgentMetrics.ToTag(end))
                    .SetTag("aspireagent.fingerprint", translator.Fingerprint)
                    .SetStatus(end is TurnFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset)
                    .Dispose();
            });
    });

    /// <summary>Name of the route that a turn begins with.</summary>
    public string RouteOf(InputAccepted input, TurnConfig config, string tier) => PlanOf(input, config, tier).First.Route.Name;

    private ModelPlan PlanOf(InputAccepted input, TurnConfig config, string tier) => models.PlanFor(input.Options?.Model ?? config.Plan, tier);

    private async Task MeasureFirstTokenAsync(TurnClock clock, TurnAnswer answer)
    {
        if (await clock.Ttft is { } ttft)
        {
            metrics.FirstToken(ttft, answer.Route);
        }
    }

    private static async Task<SessionEvent> CompleteAsync(
        TurnRequest turn, TurnSession session, TurnAnswer answer, AnswerTranslator translator, TurnBill bill, CancellationToken cancellationToken)
    {
        var clock = session.Clock;
        if (session.Running(turn).FirstTokenAt is null)
        {
            clock.NoToken();
        }

        var ttft = await clock.Ttft.WaitAsync(cancellationToken);
        var used = bill.Total;
        return new TurnCompleted(
            translator.Finish, used with { Output = used.Output + answer.FormersTokens }, Seconds(clock.Elapsed)!.Value, Seconds(ttft),
            translator.Fingerprint) { Turn = turn.Turn };
    }

    private static double? Seconds(TimeSpan? duration) => duration is { } known ? Math.Round(known.TotalSeconds, 4) : null;

    // Each owner's part of a turn under a name of its own, and once: a former owner's by itself or, should it be dead, by the next.
    // Whoever comes second changes nothing.
    private void Book(TurnRequest turn, int owner, TokenUsage used)
    {
        if (used.Input + used.Output is > 0 and var total)
        {
            usage.Report(owner == 0 ? turn.Turn : string.Create(CultureInfo.InvariantCulture, $"{turn.Turn}.{owner}"), total);
        }
    }

    private SessionEvent Failed(TurnRequest turn, Exception exception)
    {
        if (exception is not PlanExhaustedException { Failures: { Count: > 0 } failures } exhausted)
        {
            LogUnexpected(turn.Turn, exception);
            return new TurnFailed(ProblemTypes.TurnError, Retriable: false) { Turn = turn.Turn };
        }

        var (error, retriable) = exhausted.IsRefused ? (ProblemTypes.ModelRefused, false)
            : failures.All(failure => failure.Failure is CallFailure.Timeout) ? (ProblemTypes.ModelTimeout, true)
            : (ProblemTypes.ModelError, true);
        LogFailed(turn.Turn, error, string.Join("; ", failures.Select(failure => $"{failure.Message} ({failure.InnerException?.GetType().Name})")));
        return new TurnFailed(error, retriable) { Turn = turn.Turn };
    }

    // Routes, slugs and types alone: a vendor's words may quote the prompt.
    [LoggerMessage(Level = LogLevel.Warning, Message = "Turn {Turn} failed: {Error}. {Reason}")]
    private partial void LogFailed(string turn, string error, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Turn {Turn} failed in a way that nobody foresaw.")]
    private partial void LogUnexpected(string turn, Exception exception);
}
