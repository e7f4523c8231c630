using System.Diagnostics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Tools;

/// <summary>
/// Runs the tools that a model calls. Whatever a tool does (fails, hangs, heeds no token, blocks its thread), its call returns: within its
/// time-out, at once when tools are switched off, and at once when the caller cancels.
/// </summary>
internal sealed partial class ToolRunner(
    ToolRegistry registry, ToolHealth health, ToolMetrics metrics, IScheduler scheduler, TimeProvider time, ILogger<ToolRunner> logger)
{
    private static readonly ToolOutcome SwitchedOff = ToolOutcome.Failure(ToolReturned.SwitchedOff);

    /// <summary>The event that answers a call. Cancelling cancels the tool; nothing else makes this throw.</summary>
    public async Task<ToolReturned> RunAsync(ToolCalled call, ToolContext context, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var tool = registry.Find(call.Name);
        var (name, started) = (tool?.Name ?? ToolMetrics.Unknown, time.GetTimestamp());
        using var activity = StartActivity(name, call, context);
        ToolOutcome? outcome = null;
        try
        {
            outcome = await Run(tool, call, context).ToTask(cancellationToken);
            await Task.Yield(); // off the thread that told the outcome: it may be the kill switch's
            return new ToolReturned(
                call.Call, outcome.Error is null, outcome.Text, outcome.Error, Math.Round(time.GetElapsedTime(started).TotalSeconds, 4))
                { Turn = call.Turn };
        }
        finally
        {
            metrics.Called(name, outcome, time.GetElapsedTime(started));
            if (outcome is not null && outcome != SwitchedOff)
            {
                health.Add(outcome.Error is null);
            }

            activity?.SetTag("aspireagent.outcome", ToolMetrics.ToTag(outcome));
            activity?.SetTag("error.type", outcome?.Error);
            activity?.SetStatus(outcome is { Error: not null } ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
        }
    }

    private IObservable<ToolOutcome> Run(Tool? tool, ToolCalled call, ToolContext context) => context.Knobs.Take(1)
        .SelectMany(live => live.Kill.Tools
            ? Observable.Return(SwitchedOff)
            : Judge(tool, call, context).CutBy(context.Knobs.Where(now => now.Kill.Tools), _ => SwitchedOff))
        .DefaultIfEmpty(SwitchedOff); // knobs that have ended: so has the session

    private IObservable<ToolOutcome> Judge(Tool? tool, ToolCalled call, ToolContext context)
    {
        if (tool is null)
        {
            return Observable.Return(ToolOutcome.Failure(ToolReturned.UnknownTool));
        }

        if (!ToolRegistry.IsOn(tool.Name, context.Config))
        {
            return Observable.Return(SwitchedOff);
        }

        if (!ToolArguments.TryRead(call.Arguments, out var arguments))
        {
            return Observable.Return(ToolOutcome.Failure(ToolReturned.BadArguments, "The arguments must be one JSON object."));
        }

        var first = Attempt(tool, call, arguments, context);
        return tool.HedgeWith is { } other && ToolRegistry.IsOn(other, context.Config)
            ? Hedge(tool, first, Attempt(registry.Find(other)!, call, arguments, context))
            : first.Catch((ToolFailedException failed) => Observable.Return(failed.Outcome));
    }

    // The second is not asked for what the first cannot be asked for either.
    private IObservable<ToolOutcome> Hedge(Tool tool, IObservable<ToolOutcome> first, IObservable<ToolOutcome> second) => Observable.Defer(() =>
    {
        var (hasBegun, hasWon) = (false, false);
        var backup = Observable.Defer(() =>
        {
            hasBegun = true;
            return second.Do(_ => hasWon = true);
        });
        return first.Hedge(backup, tool.HedgeAfter, scheduler, isFinal: IsFinal)
            .Catch((ToolFailedException failed) => Observable.Return(failed.Outcome))
            .Catch((HedgeFailedException failed) => Observable.Return(ToolOutcome.Failure(
                ((ToolFailedException)failed.Primary).Outcome.Error!, $"{failed.Primary.Message}; {failed.Backup.Message}")))
            .Do(outcome =>
            {
                if (hasBegun)
                {
                    metrics.Hedged(tool.Name, outcome.Error is not null ? HedgeOutcome.Failed : hasWon ? HedgeOutcome.Won : HedgeOutcome.Lost);
                }
            });

        bool IsFinal(Exception error) => error is ToolFailedException { Outcome.Error: ToolReturned.BadArguments } failed && failed.Tool == tool.Name;
    });

    // One run of one tool. A failure is the stream's error. On time-out the run is given up, whether or not it heeds its token.
    private IObservable<ToolOutcome> Attempt(Tool tool, ToolCalled call, JsonElement arguments, ToolContext context) => Observable
        .FromAsync(token => InvokeAsync(tool, call, arguments, context, token), scheduler)
        .Timeout(tool.Timeout, Observable.Return(ToolOutcome.Failure(ToolReturned.Timeout)), scheduler)
        .SelectMany(outcome => outcome.Error is null
            ? Observable.Return(outcome)
            : Observable.Throw<ToolOutcome>(new ToolFailedException(tool.Name, outcome)));

    private async Task<ToolOutcome> InvokeAsync(
        Tool tool, ToolCalled call, JsonElement arguments, ToolContext context, CancellationToken cancellationToken)
    {
        await scheduler.Yield(cancellationToken); // a tool that blocks blocks no one else
        try
        {
            if (ToolArguments.Mismatch(arguments, tool.Function.JsonSchema) is { } mismatch)
            {
                return ToolOutcome.Failure(ToolReturned.BadArguments, mismatch);
            }

            var operation = ToolOperation.IdOf(tool.Name, call, arguments, context);
            return ToolOutcome.Of(await tool.Function.InvokeAsync(ToolOperation.With(arguments, operation), cancellationToken));
        }
        catch (BadArgumentsException bad)
        {
            return ToolOutcome.Failure(ToolReturned.BadArguments, bad.Message);
        }
        catch (Exception exception) // a tool is others' code: anything may come
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(tool.Name, exception.GetType().Name); // its words may quote what it was asked: they stay out of the log
            }

            var isTimeout = exception is TimeoutException or OperationCanceledException { InnerException: TimeoutException };
            return ToolOutcome.Failure(isTimeout ? ToolReturned.Timeout : ToolReturned.Failed);
        }
    }

    // https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span, without arguments and result.
    private static Activity? StartActivity(string name, ToolCalled call, ToolContext context)
    {
        var activity = AgentActivities.Source.StartActivity($"execute_tool {name}", ActivityKind.Internal, context.Trace);
        activity?.SetTag("gen_ai.operation.name", "execute_tool");
        activity?.SetTag("gen_ai.tool.name", name);
        activity?.SetTag("gen_ai.tool.call.id", call.Call);
        return activity;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} failed: {Reason}.")]
    private partial void LogFailed(string tool, string reason);
}
