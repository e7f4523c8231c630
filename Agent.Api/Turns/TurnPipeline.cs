using System.ClientModel;
using System.Diagnostics;
using System.Globalization;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Guards;
using AspireAgent.Agent.Models;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
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
        var route = models.RouteFor(turn.Cut?.Route ?? Wanted(turn.Input.Event, turn.Snapshot.Config));
        var prompt = new SystemPrompt(turn.Snapshot.Config);
        var continuation = Continuation.Of(turn, route, prompt.Version);
        var translator = new AnswerTranslator(turn.Turn, LocalInstance.Build, prompt.Version, route.Model, continuation.Spoken);
        var activity = Activities.StartActivity("turn", ActivityKind.Internal, turn.Input.Trace);
        activity?.SetTag("aspireagent.turn.id", turn.Turn);
        activity?.SetTag("aspireagent.route", route.Name);
        SessionEvent? end = null;
        if (turn.Cut is { FormersText.IsEmpty: false } cut)
        {
            Book(turn, cut.Moves - 1, Estimate(turn, prompt, "", cut.FormersText)); // now, since this pod may die, too
        }

        metrics.TurnStarted();
        if (!session.Clock.WasReleased)
        {
            _ = MeasureFirstTokenAsync(session.Clock, route);
        }

        // What was admitted once goes on.
        var events = continuation.Ends ? Observable.Empty<SessionEvent>()
            : turn.Cut is not null || gate.Admits(turn.State.Tier, turn.Budget)
                ? Observable.Defer(() => Answer(turn, session, route, prompt, continuation.Prefix, translator))
                    .Catch((Exception exception) => Observable.Return(Failed(turn, exception)))
                : Observable.Return<SessionEvent>(new TurnFailed(ProblemTypes.BudgetExhausted, Retriable: true) { Turn = turn.Turn });
        return (continuation.First is { } first ? events.StartWith(first) : events)
            .CutBy(session.Stop, by => new TurnCancelled(by) { Turn = turn.Turn })
            .CutBy(
                session.Knobs.Where(live => live.Kill.Answers),
                _ => new TurnFailed(ProblemTypes.SwitchedOff, Retriable: true) { Turn = turn.Turn })
            .TakeUntil(happened => happened.EndsTurn) // a turn has one end
            .Do(happened => end = happened.EndsTurn ? happened : end)
            .Finally(() =>
            {
                session.Clock.NoToken();
                var spent = Settle(turn, prompt, continuation.Prefix, translator);
                metrics.TurnEnded(end, route.Name, spent);
                activity?.SetTag("aspireagent.outcome", AgentMetrics.ToTag(end));
                activity?.SetTag("aspireagent.fingerprint", translator.Fingerprint);
                activity?.SetStatus(end is TurnFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
                activity?.Dispose();
            });
    });

    private IObservable<SessionEvent> Answer(
        TurnRequest turn, TurnSession session, ModelRoute route, SystemPrompt prompt, string prefix, AnswerTranslator translator)
    {
        var (kept, dropped, whole) = ContextWindow.Plan(
            Conversation(turn, prefix), prompt.Text, turn.Snapshot.Config, turn.Input.Event.Options?.MaxOutputTokens, route.ContextTokens, tokens.Count);
        var messages = Prompt.Messages(prompt.Text, kept);
        var cap = whole - tokens.Count(prefix);

        var trimmed = dropped == 0 || turn.Cut is not null
            ? Observable.Empty<SessionEvent>()
            : Observable.Return<SessionEvent>(new ContextTrimmed(dropped) { Turn = turn.Turn });
        if (cap <= 0)
        {
            translator.CutShort(); // it had said all that it may before it was cut off
        }

        var spoken = session.Knobs.Take(1) // sampling is that of the instant of the call
            .SelectMany(live => cap <= 0 ? Observable.Empty<SessionEvent>()
                : live.Kill.Answers
                ? Observable.Never<SessionEvent>() // switched off meanwhile: the cut is on its way
                : Speak(route, messages, Prompt.Options(turn, live, cap), translator, turn.Turn, session));
        var completed = Observable.FromAsync(token => CompleteAsync(turn, tokens.Count(prefix), translator, session.Clock, token));
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

    /// <summary>Name of the route that a turn begins with.</summary>
    public string RouteOf(InputAccepted input, TurnConfig config) => models.RouteFor(Wanted(input, config)).Name;

    private static string? Wanted(InputAccepted input, TurnConfig config) => input.Options?.Model ?? config.Plan;

    private static List<ConversationMessage> Conversation(TurnRequest turn, string prefix)
    {
        var said = new List<ConversationMessage>(turn.State.Messages);
        if (turn.Input.Event.Text.Length > 0)
        {
            said.Add(new ConversationMessage("user", turn.Input.Event.Text));
        }

        if (prefix.Length > 0)
        {
            said.Add(new ConversationMessage("assistant", prefix));
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
        TurnRequest turn, int prefixTokens, AnswerTranslator translator, TurnClock clock, CancellationToken cancellationToken)
    {
        if (translator.Fingerprint is null)
        {
            clock.NoToken();
        }

        var ttft = await clock.Ttft.WaitAsync(cancellationToken);
        var usage = translator.Usage ?? new TokenUsage(0, 0);
        return new TurnCompleted(
            translator.Finish, usage with { Output = usage.Output + prefixTokens }, Seconds(clock.Elapsed)!.Value, Seconds(ttft),
            translator.Fingerprint) { Turn = turn.Turn };
    }

    private static double? Seconds(TimeSpan? duration) => duration is { } known ? Math.Round(known.TotalSeconds, 4) : null;

    private TokenUsage Settle(TurnRequest turn, SystemPrompt prompt, string prefix, AnswerTranslator translator)
    {
        var spent = translator.Usage ?? (translator.Said.IsEmpty ? new TokenUsage(0, 0) : Estimate(turn, prompt, prefix, translator.Said));
        Book(turn, turn.Cut?.Moves ?? 0, spent);
        return spent;
    }

    // Each owner's part of a turn under a name of its own, and once: a former owner's by itself or, should it be dead, by the next.
    // Whoever comes second changes nothing.
    private void Book(TurnRequest turn, int owner, TokenUsage used)
    {
        if (used.Input + used.Output is > 0 and var total)
        {
            usage.Report(owner == 0 ? turn.Turn : string.Create(CultureInfo.InvariantCulture, $"{turn.Turn}.{owner}"), total);
        }
    }

    // A stream that was cut has told no usage: what was shown and said is counted here.
    private TokenUsage Estimate(TurnRequest turn, SystemPrompt prompt, string prefix, IEnumerable<string> said) => new(
        tokens.Count(prompt.Text) + Conversation(turn, prefix).Sum(message => tokens.Count(message.Text)),
        said.Sum(tokens.Count));

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
