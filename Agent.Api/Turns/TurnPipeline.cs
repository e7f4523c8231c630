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
    ModelCatalog models, PlanRunner plans, ToolRegistry registry, ToolRunner runner, TurnAdmission admission, TokenCounter tokens,
    AgentMetrics metrics, ILogger<TurnPipeline> logger)
{
    /// <summary>
    /// The events of a turn that has started, up to and including the one that ends it. Disposing cancels the calls of models and
    /// tools. Never fails: an error is an event.
    /// </summary>
    public IObservable<SessionEvent> Run(TurnRequest turn, TurnSession session) => Observable.Defer(() =>
    {
        var wanted = PlanOf(turn.Input.Event, turn.Snapshot.Config, turn.State.Tier);
        var plan = TurnAdmission.IsDowngraded(turn) ? models.CheapPlan(wanted, turn.Budget!.Breaker!.Plan) : wanted;
        var tools = new AnswerTools(turn, registry);
        var prompt = new TurnPrompt(turn, tools, tokens);
        var spending = admission.Begin();
        var bill = new TurnBill(tokens, spending.Burn);
        var translator = new AnswerTranslator(turn.Turn, LocalInstance.Build, prompt.Version, tools.EffectOf, bill, turn.Cut?.Build, turn.Cut?.CallIds);
        var answer = new TurnAnswer(turn, session, plan, prompt, translator, bill, plans);
        var activity = AgentActivities.Source.StartActivity("turn", ActivityKind.Internal, turn.Input.Trace);
        activity?.SetTag("aspireagent.turn.id", turn.Turn).SetTag("aspireagent.plan", plan.Name);
        SessionEvent? end = null;
        if (turn.Cut is { FormersText.IsEmpty: false } cut)
        {
            var former = models.PlanFor(cut.Route, turn.State.Tier).First.Route;
            admission.Book(turn, PartOf(turn, cut.Moves - 1), [TurnBill.Use(former, prompt.Estimate(cut.FormersText))], null); // now, since this pod may die, too
        }

        metrics.TurnStarted();
        if (!session.Clock.WasReleased)
        {
            _ = MeasureFirstTokenAsync(session.Clock, answer);
        }

        var steps = new TurnSteps(turn, session, prompt, answer, runner).Run()
            .Guard(session.Knobs, turn.Turn)
            .Concat(Observable.FromAsync(token => CompleteAsync(turn, session, answer, translator, bill, token)));
        return Observable
            .FromAsync(token => admission.AdmitAsync(
                turn, plan.First.Route, prompt.SizeFor(plan.First.Route, session.Running(turn) with { Step = TurnStep.Empty }), spending, token))
            .SelectMany(refusal => refusal is null ? Moved(turn, wanted, plan).Concat(steps) : Observable.Return(Refused(turn, refusal)))
            .Catch((Exception exception) => Observable.Return(Failed(turn, exception)))
            .CutBy(session.Stop, by => new TurnCancelled(by) { Turn = turn.Turn })
            .CutBy(
                session.Knobs.Where(live => live.Kill.Answers),
                _ => new TurnFailed(ProblemTypes.SwitchedOff, Retriable: true) { Turn = turn.Turn })
            .TakeUntil(happened => happened.EndsTurn) // a turn has one end
            .Do(happened => end = happened.EndsTurn ? happened : end)
            .Finally(() =>
            {
                session.Clock.NoToken();
                admission.Book(turn, PartOf(turn, turn.Cut?.Moves ?? 0), bill.Models, spending);
                var spent = bill.Total;
                metrics.TurnEnded(end, answer.Route, spent);
                if (end is TurnCompleted)
                {
                    admission.Answered(answer.Route, spent.Output);
                }

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
    private static string PartOf(TurnRequest turn, int owner) =>
        owner == 0 ? turn.Turn : string.Create(CultureInfo.InvariantCulture, $"{turn.Turn}.{owner}");

    // The turn's start has told the route that it would have had.
    private static IObservable<SessionEvent> Moved(TurnRequest turn, ModelPlan wanted, ModelPlan plan) =>
        plan.First == wanted.First
            ? Observable.Empty<SessionEvent>()
            : Observable.Return<SessionEvent>(new ModelSwitched(
                wanted.First.Route.Name, plan.First.Route.Name, ProblemTypes.CostBreakerOpen, SwitchedHow.Fallback) { Turn = turn.Turn });

    private static SessionEvent Refused(TurnRequest turn, TurnRefusal refusal) =>
        new TurnFailed(refusal.Error, Retriable: true, Seconds(refusal.RetryAfter)) { Turn = turn.Turn };

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
