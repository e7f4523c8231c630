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

    private readonly long _startedAt = caller.Time.GetTimestamp();
    private BreakerPermit? _permit;
    private CallException? _broken;
    private bool _hasFinished;
    private CancellationToken _letGo;

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
    public void Break(CallException broken)
    {
        Volatile.Write(ref _broken, broken);
        Volatile.Read(ref _permit)?.Fail();
    }

    public async Task RunAsync(IObserver<ChatResponseUpdate> observer, CancellationToken cancellationToken)
    {
        _letGo = cancellationToken;
        using var activity = AgentActivities.Source.StartActivity("attempt");
        activity?.SetTag("aspireagent.route", caller.Route.Name).SetTag("aspireagent.attempt.fallback", isFallback);
        var outcome = "cancelled";
        try
        {
            using var place = isFallback ? caller.Health.EnterFallback() : null;
            await using var call = await StartAsync(cancellationToken);
            await SpeakAsync(call, observer, cancellationToken);
            outcome = "completed";
            observer.OnCompleted();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            outcome = Volatile.Read(ref _broken)?.Failure.ToSlug() ?? outcome; // whoever let go of us has been told
        }
        catch (Exception exception)
        {
            var failed = CallException.Of(caller.Route.Name, exception, _permit is not null, caller.Time);
            outcome = failed.Failure.ToSlug();
            activity?.SetStatus(ActivityStatusCode.Error);
            Fail(failed);
            observer.OnError(failed);
        }
        finally
        {
            _permit?.Dispose();
            waits.OnCompleted();
            activity?.SetTag("aspireagent.outcome", outcome);
            caller.Metrics.Attempted(caller.Route.Name, outcome);
        }
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
        try
        {
            var call = await ModelCall.StartAsync(caller.Route, request, caller.Time, cancellationToken);
            permit.Succeed();
            Volatile.Write(ref _permit, permit);
            return call;
        }
        catch (CallException failed) when (failed.Failure.CountsAgainstRoute())
        {
            permit.Fail();
            throw;
        }
        catch (OperationCanceledException)
        {
            context.Unheard(request);
            if (!_letGo.IsCancellationRequested)
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

        while (true)
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
        if (!_hasFinished)
        {
            throw new CallException(caller.Route.Name, CallFailure.Broken); // a connection that was closed politely, in mid-answer
        }
    }

    private void Tell(ChatResponseUpdate update, IObserver<ChatResponseUpdate> observer)
    {
        _hasFinished |= update.FinishReason is not null;
        observer.OnNext(update);
    }

    private void Fail(CallException failed)
    {
        if (failed.Failure.CountsAgainstRoute())
        {
            _permit?.Fail();
        }

        if (isFallback && failed.Failure.CountsAgainstRoute())
        {
            caller.Health.CoolDown(failed.RetryAfter);
        }
    }
}
