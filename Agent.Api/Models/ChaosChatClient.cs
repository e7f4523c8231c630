using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Runtime.CompilerServices;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Signals;
using AspireAgent.Streams;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models;

/// <summary>
/// Delays and breaks calls as the chaos signal says; without experiments it does nothing. It stops by itself when an experiment
/// is over, and when the signal has given no sign of life for 5 s (I9).
/// </summary>
internal sealed class ChaosChatClient : DelegatingChatClient
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Random> _draws = [];
    private readonly string _route;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private ChaosStatus _chaos = ChaosStatus.Calm;

    public ChaosChatClient(IChatClient inner, string route, ISignal<ChaosStatus> chaos, TimeProvider time, IScheduler scheduler)
        : base(inner)
    {
        (_route, _time) = (route, time);
        _subscription = chaos.Heard.Select(value => value.Value)
            .OrWhenSilent(Silence, ChaosStatus.Calm, scheduler)
            .Subscribe(status => Volatile.Write(ref _chaos, status), _ => Volatile.Write(ref _chaos, ChaosStatus.Calm));
    }

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        await DisturbAsync(cancellationToken);
        return await base.GetResponseAsync(messages, options, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await DisturbAsync(cancellationToken);
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            yield return update;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _subscription.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task DisturbAsync(CancellationToken cancellationToken)
    {
        foreach (var experiment in Volatile.Read(ref _chaos).RunningAt(_time.GetUtcNow()).Where(Concerns))
        {
            var (delay, fails) = Draw(experiment);
            await Task.Delay(delay, _time, cancellationToken);
            if (fails)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"Injected by chaos experiment '{experiment.Id}'.");
            }
        }
    }

    private bool Concerns(ChaosExperiment experiment) => experiment.Route is null || experiment.Route == _route;

    private (TimeSpan Delay, bool Fails) Draw(ChaosExperiment experiment)
    {
        lock (_draws)
        {
            if (!_draws.TryGetValue(experiment.Id, out var random))
            {
                _draws[experiment.Id] = random = new Random(experiment.Seed);
            }

            var seconds = experiment.MinDelaySeconds + (random.NextDouble() * (experiment.MaxDelaySeconds - experiment.MinDelaySeconds));
            return (TimeSpan.FromSeconds(seconds), random.NextDouble() < experiment.ErrorRate);
        }
    }
}
