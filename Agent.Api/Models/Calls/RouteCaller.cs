using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams;
using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>
/// A route and all that stands before it: permit, time-out and retries up to the first word; from there on the watch over what it
/// says, since nothing can be tried again then.
/// </summary>
internal sealed class RouteCaller
{
    private const int MostRetries = 10; // the knob's own bound

    private readonly IScheduler _scheduler;

    public RouteCaller(ModelRoute route, RouteHealth health, ModelMetrics metrics, TimeProvider time, IScheduler scheduler)
    {
        (Route, Health, Metrics, Time, _scheduler) = (route, health, metrics, time, scheduler);
        UntilFirstWord = new ResiliencePipelineBuilder<ModelCall> { TimeProvider = time }
            .AddTimeout(route.FirstTokenTimeout)
            .AddRetry(new RetryStrategyOptions<ModelCall>
            {
                MaxRetryAttempts = MostRetries,
                ShouldHandle = args => ValueTask.FromResult(RouteSpeech.Of(args.Context).MayRetry(args.Outcome.Exception, args.AttemptNumber)),
                DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(RouteSpeech.Of(args.Context).RetryAfter),
                OnRetry = _ =>
                {
                    metrics.Retried(route.Name);
                    return default;
                },
            })
            .Build();
    }

    public ModelRoute Route { get; }

    public RouteHealth Health { get; }

    internal ModelMetrics Metrics { get; }

    internal TimeProvider Time { get; }

    internal ResiliencePipeline<ModelCall> UntilFirstWord { get; }

    /// <summary>
    /// The route's answer. Its first item is the first word, or stands before it: nothing comes while there may be another try. Fails
    /// with a <see cref="CallException"/>; disposing closes the connection.
    /// </summary>
    /// <param name="request">What it is asked.</param>
    /// <param name="isFallback">Whether it stands in for another.</param>
    /// <param name="knobs">The knobs as the call begins.</param>
    /// <param name="context">What the turn offers.</param>
    public IObservable<ChatResponseUpdate> Speak(ModelRequest request, bool isFallback, LiveKnobs knobs, CallContext context) =>
        Observable.Defer(() =>
        {
            var waits = new Subject<bool>();
            var speech = new RouteSpeech(this, request, isFallback, knobs.Resilience.Retries, context, waits);
            var faults = SpeechGuards.Faults(waits, Route, context.Knobs, () => Health.Guards, _scheduler).Select(speech.Break);
            return Observable.Create<ChatResponseUpdate>(speech.RunAsync).FailBy(faults);
        });
}
