using System.ClientModel;
using System.Diagnostics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Guards;
using AspireAgent.Agent.Models;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>One turn as one Rx pipeline: admit, prompt, model, events, end; built anew for each input (I3).</summary>
internal sealed partial class TurnPipeline(
    ModelCatalog models, BudgetGate gate, UsageReporter usage, TokenCounter tokens, AgentMetrics metrics, ILogger<TurnPipeline> logger)
{
    /// <summary>Name of the source of the turn's spans.</summary>
    public const string ActivitySourceName = "AspireAgent.Agent";

    private static readonly ActivitySource Activities = new(ActivitySourceName);

    /// <summary>
    /// The events of a turn that has started, up to and including the one that ends it. Disposing cancels the model's call. Never
    /// fails: an error is an event.
    /// </summary>
    public IObservable<SessionEvent> Run(TurnRequest turn, TurnSession session) => Observable.Defer(() =>
    {
        var route = models.RouteFor(turn.Input.Event.Options?.Model ?? turn.Snapshot.Config.Plan);
        var prompt = new SystemPrompt(turn.Snapshot.Config);
        var translator = new AnswerTranslator(turn.Turn, LocalInstance.Build, prompt.Version, route.Model);
        var activity = Activities.StartActivity("turn", ActivityKind.Internal, turn.Input.Trace);
        activity?.SetTag("aspireagent.turn.id", turn.Turn);
        activity?.SetTag("aspireagent.route", route.Name);
        SessionEvent? end = null;
        metrics.TurnStarted();
        _ = MeasureFirstTokenAsync(session.Clock, route);

        var events = gate.Admits(turn.State.Tier, turn.Budget)
            ? Observable.Defer(() => Answer(turn, session, route, prompt, translator)).Catch((Exception exception) => Observable.Return(Failed(turn, exception)))
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
                var spent = Settle(turn, prompt, translator);
                metrics.TurnEnded(end, route.Name, spent);
                activity?.SetTag("aspireagent.outcome", AgentMetrics.ToTag(end));
                activity?.SetTag("aspireagent.fingerprint", translator.Fingerprint);
                activity?.SetStatus(end is TurnFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
                activity?.Dispose();
            });
    });

    private IObservable<SessionEvent> Answer(
        TurnRequest turn, TurnSession session, ModelRoute route, SystemPrompt prompt, AnswerTranslator translator)
    {
        var (kept, dropped, cap) = ContextWindow.Plan(
            Conversation(turn), prompt.Text, turn.Snapshot.Config, turn.Input.Event.Options?.MaxOutputTokens, route.ContextTokens, tokens.Count);
        var messages = Prompt.Messages(prompt.Text, kept);

        var trimmed = dropped == 0
            ? Observable.Empty<SessionEvent>()
            : Observable.Return<SessionEvent>(new ContextTrimmed(dropped) { Turn = turn.Turn });
        var spoken = session.Knobs.Take(1) // sampling is that of the instant of the call
            .SelectMany(live => live.Kill.Answers
                ? Observable.Never<SessionEvent>() // switched off meanwhile: the cut is on its way
                : Speak(route, messages, Prompt.Options(turn, live, cap), translator, turn.Turn, session));
        var completed = Observable.FromAsync(token => CompleteAsync(turn, translator, session.Clock, token));
        return trimmed.Concat(spoken).Concat(completed);
    }

    private static IObservable<SessionEvent> Speak(
        ModelRoute route, IList<ChatMessage> messages, ChatOptions options, AnswerTranslator translator, string turn, TurnSession session) =>
        Observable.Defer(() =>
        {
            var waits = new Subject<bool>();
            return PullSource
                .FromAsyncEnumerable(
                    token => route.Client.GetStreamingResponseAsync(messages, options, token),
                    async token =>
                    {
                        await session.Room(token);
                        waits.OnNext(true);
                    })
                .Do(_ => waits.OnNext(false))
                .Timeout(Wait(route.FirstTokenTimeout), _ => Observable.Never<long>())
                .SelectMany(translator.Translate)
                .Guard(waits.SkipWhile(isWaiting => isWaiting), route.TokenTimeout, session.Knobs, turn, DefaultScheduler.Instance);
        });

    private static IObservable<long> Wait(TimeSpan timeout) => Observable.Timer(timeout, DefaultScheduler.Instance);

    private static List<ConversationMessage> Conversation(TurnRequest turn)
    {
        var said = new List<ConversationMessage>(turn.State.Messages);
        if (turn.Input.Event.Text.Length > 0)
        {
            said.Add(new ConversationMessage("user", turn.Input.Event.Text));
        }

        return said;
    }

    private async Task MeasureFirstTokenAsync(TurnClock clock, ModelRoute route)
    {
        if (await clock.Ttft is { } ttft)
        {
            metrics.FirstToken(ttft, route.Name);
        }
    }

    private static async Task<SessionEvent> CompleteAsync(
        TurnRequest turn, AnswerTranslator translator, TurnClock clock, CancellationToken cancellationToken)
    {
        if (translator.Fingerprint is null)
        {
            clock.NoToken();
        }

        var ttft = await clock.Ttft.WaitAsync(cancellationToken);
        return new TurnCompleted(
            translator.Finish, translator.Usage ?? new TokenUsage(0, 0), Seconds(clock.Elapsed)!.Value, Seconds(ttft),
            translator.Fingerprint) { Turn = turn.Turn };
    }

    private static double? Seconds(TimeSpan? duration) => duration is { } known ? Math.Round(known.TotalSeconds, 4) : null;

    private TokenUsage Settle(TurnRequest turn, SystemPrompt prompt, AnswerTranslator translator)
    {
        var spent = translator.Usage ?? (translator.Said.IsEmpty ? new TokenUsage(0, 0) : Estimate(turn, prompt, translator));
        if (spent.Input + spent.Output > 0)
        {
            usage.Report(turn.Turn, spent.Input + spent.Output);
        }

        return spent;
    }

    // A stream that was cut has told no usage: what was shown and said is counted here.
    private TokenUsage Estimate(TurnRequest turn, SystemPrompt prompt, AnswerTranslator translator) => new(
        tokens.Count(prompt.Text) + Conversation(turn).Sum(message => tokens.Count(message.Text)),
        translator.Said.Sum(tokens.Count));

    private SessionEvent Failed(TurnRequest turn, Exception exception)
    {
        var (error, retriable) = exception switch
        {
            TimeoutException => (ProblemTypes.ModelTimeout, true),
            ClientResultException { Status: 429 or >= 500 or 0 } => (ProblemTypes.ModelError, true),
            ClientResultException => (ProblemTypes.ModelRefused, false),
            HttpRequestException or IOException or InvalidDataException => (ProblemTypes.ModelError, true),
            _ => (ProblemTypes.TurnError, false),
        };
        if (error == ProblemTypes.TurnError)
        {
            LogUnexpected(turn.Turn, exception);
        }
        else
        {
            LogFailed(turn.Turn, error, exception.GetType().Name, (exception as ClientResultException)?.Status);
        }

        return new TurnFailed(error, retriable) { Turn = turn.Turn };
    }

    // A vendor's words may quote the prompt: they stay out of the log.
    [LoggerMessage(Level = LogLevel.Warning, Message = "Turn {Turn} failed: {Error} ({Reason}, status {Status}).")]
    private partial void LogFailed(string turn, string error, string reason, int? status);

    [LoggerMessage(Level = LogLevel.Error, Message = "Turn {Turn} failed in a way that nobody foresaw.")]
    private partial void LogUnexpected(string turn, Exception exception);
}
