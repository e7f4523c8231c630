using System.Diagnostics;
using System.Reactive.Subjects;
using AspireAgent.Streams;
using AspireAgent.Streams.Breakers;
using Microsoft.Extensions.AI;
using Polly;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>One answer of a route, tries included: what <see cref="RouteCaller.Speak"/> subscribes to.</summary>
internal sealed class RouteSpeech(
    RouteCaller caller, ModelRequest request, bool isFallback, int retries, CallContext context, Subject<bool> waits)
{
    private static readonly ResiliencePropertyKey<RouteSpeech> Key = new("speech");
    private static readonly TimeSpan UsageWithin = TimeSpan.FromSeconds(2);

    private readonly long _startedAt = caller.Time.GetTimestamp();
    private BreakerPermit? _permit;
    private CallException? _broken;
    private ChatFinishReason? _finish;
    private bool _callsTool;
    private CancellationToken _letGo;

    // The calls of tools come only with the stream's end, whatever reason the vendor gives.
    private bool HasEnded => _finish is not null && !_callsTool;

    /// <summary>How long to wait before the next try.</summary>
    public TimeSpan RetryAfter { get; private set; }

    public static RouteSpeech Of(ResilienceContext context) => context.Properties.GetValue(Key, null!);

    /// <summary>Whether to try again; only if there is time left for it.</summary>
    public bool MayRetry(Exception? exception, int attempt)
    {
        if (exception is not CallException failed || !failed.Failure.IsTransient() || attempt >= retries)
        {
            return false;
        }

        RetryAfter = failed.RetryAfter is { Ticks: >= 0 } asked ? asked : Backoff.After(attempt + 1); // a date may be over
        return caller.Time.GetElapsedTime(_startedAt) + RetryAfter < caller.Route.FirstTokenTimeout;
    }

    /// <summary>The watch has found something: the answer ends with that.</summary>
    public CallException Break(SpeechFault fault)
    {
        var broken = new CallException(caller.Route.Name, fault.Failure) { Detail = fault.Detail };
        Volatile.Write(ref _broken, broken);
        if (fault.IsRoutes)
        {
            Fail(broken);
        }

        return broken;
    }

    /// <summary>Tells <paramref name="observer"/> the answer. Its end is told when everything that belonged to it has been given back.</summary>
    public async Task RunAsync(IObserver<ChatResponseUpdate> observer, CancellationToken cancellationToken)
    {
        _letGo = cancellationToken;
        if (await SpeakToTheEndAsync(observer, cancellationToken) is { } failed)
        {
            observer.OnError(failed);
        }
        else
        {
            observer.OnCompleted();
        }
    }

    private async Task<CallException?> SpeakToTheEndAsync(IObserver<ChatResponseUpdate> observer, CancellationToken cancellationToken)
    {
        using var activity = AgentActivities.Source.StartActivity("attempt");
        activity?.SetTag("aspireagent.route", caller.Route.Name).SetTag("aspireagent.attempt.fallback", isFallback);
        var (outcome, failed) = ("completed", (CallException?)null);
        try
        {
            using var place = isFallback ? caller.Health.EnterFallback() : null;
            await using var call = await StartAsync(cancellationToken);
            await SpeakAsync(call, observer, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            outcome = Volatile.Read(ref _broken)?.Failure.ToSlug() ?? "cancelled"; // whoever let go of us has been told
        }
        catch (Exception exception)
        {
            failed = CallException.Of(caller.Route.Name, exception, _permit is not null, caller.Time);
            outcome = failed.Failure.ToSlug();
            activity?.SetStatus(ActivityStatusCode.Error);
            Fail(failed);
        }
        finally
        {
            _permit?.Dispose();
            waits.OnCompleted();
            activity?.SetTag("aspireagent.outcome", outcome);
            caller.Metrics.Attempted(caller.Route.Name, outcome);
        }

        return failed;
    }

    private async Task<ModelCall> StartAsync(CancellationToken cancellationToken)
    {
        var polly = ResilienceContextPool.Shared.Get(cancellationToken);
        polly.Properties.Set(Key, this);
        try
        {
            var call = await caller.UntilFirstWord.ExecuteAsync(
                static (polly, speech) => speech.TryAsync(polly.CancellationToken), polly, this);
            caller.Metrics.FirstWord(caller.Route.Name, caller.Time.GetElapsedTime(_startedAt));
            return call;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(polly);
        }
    }

    // Each try has a permit of its own, and its outcome counts.
    private async ValueTask<ModelCall> TryAsync(CancellationToken cancellationToken)
    {
        var permit = caller.Health.Enter();
        context.Asked(request);
        try
        {
            var call = await ModelCall.StartAsync(caller.Route, request, caller.Time, cancellationToken);
            permit.Succeed();
            Volatile.Write(ref _permit, permit);
            return call;
        }
        catch (CallException failed)
        {
            if (failed.Failure.IsFree())
            {
                context.Free(request);
            }

            if (failed.Failure.CountsAgainstRoute())
            {
                permit.Fail();
            }

            throw;
        }
        catch (OperationCanceledException)
        {
            if (!_letGo.IsCancellationRequested || Volatile.Read(ref _broken) is not null)
            {
                permit.Fail(); // out of time; who is let go of has done nothing wrong
            }

            throw;
        }
        finally
        {
            permit.Dispose(); // of one that has said nothing: neither good nor bad
        }
    }

    private async Task SpeakAsync(ModelCall call, IObserver<ChatResponseUpdate> observer, CancellationToken cancellationToken)
    {
        foreach (var update in call.Opening)
        {
            Tell(update, observer);
        }

        while (!HasEnded)
        {
            await context.Room(cancellationToken);
            waits.OnNext(true);
            if (!await call.NextAsync(cancellationToken))
            {
                break;
            }

            waits.OnNext(false);
            Tell(call.Current, observer);
        }

        waits.OnNext(false);
        if (_finish is null)
        {
            throw new CallException(caller.Route.Name, CallFailure.Broken); // a connection that was closed politely, in mid-answer
        }

        await HearOutAsync(call, observer, cancellationToken);
    }

    // The answer is whole; its usage may follow. Whatever goes wrong with that does not take the answer back.
    private async Task HearOutAsync(ModelCall call, IObserver<ChatResponseUpdate> observer, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(UsageWithin, caller.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            while (HasEnded && await call.NextAsync(either.Token))
            {
                Tell(call.Current, observer);
            }
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The usage is estimated then.
        }
    }

    private void Tell(ChatResponseUpdate update, IObserver<ChatResponseUpdate> observer)
    {
        _finish ??= update.FinishReason;
        _callsTool |= ModelCall.CallsTool(update);
        observer.OnNext(update);
    }

    private void Fail(CallException failed)
    {
        if (failed.Failure.CountsAgainstRoute())
        {
            Volatile.Read(ref _permit)?.Fail();
        }

        if (isFallback && failed.Failure.CountsAgainstRoute())
        {
            caller.Health.CoolDown(failed.RetryAfter);
        }
    }
}
