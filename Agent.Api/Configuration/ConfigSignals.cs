using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Reactive.Threading.Tasks;
using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Configuration;

/// <summary>The merged configuration as a signal for each audience: merged once for all sessions of it, while there are any.</summary>
internal sealed partial class ConfigSignals(ISignal<ConfigLayers> signal, TenantLayers tenants, ILogger<ConfigSignals> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<Audience, Shared> _shared = [];

    /// <summary>The releases as they stand; none before the first value.</summary>
    public IReadOnlyList<Release> Releases => signal.Current?.Value.Releases ?? [];

    /// <summary>What holds where no group, tenant or session says otherwise: the defaults, until the first value comes.</summary>
    public IObservable<AgentConfig> Global => For(new Audience("")).Select(config => config.Merged.Config).StartWith(AgentConfig.Default);

    /// <summary>What holds for an audience, now and as it changes: replays, never ends, never fails.</summary>
    public IObservable<AudienceConfig> For(Audience audience) => Observable.Create<AudienceConfig>(observer =>
    {
        var shared = Enter(audience);
        var subscription = shared.Values.Subscribe(observer);
        return () =>
        {
            subscription.Dispose();
            Leave(audience, shared);
        };
    });

    /// <summary>The first value of such a signal.</summary>
    /// <exception cref="TimeoutException">The layers cannot be read.</exception>
    public static async Task<AudienceConfig> FirstAsync(
        IObservable<AudienceConfig> configs, TimeProvider time, CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await configs.FirstAsync().ToTask(wait.Token).WaitAsync(Patience, time, cancellationToken);
        }
        finally
        {
            await wait.CancelAsync(); // nobody waits any more
        }
    }

    // Counted by hand: RefCount can hand out a connection that another thread is just ending.
    private Shared Enter(Audience audience)
    {
        lock (_shared)
        {
            if (!_shared.TryGetValue(audience, out var shared))
            {
                _shared[audience] = shared = new Shared();
                shared.Source = Merged(audience).Subscribe(shared.Values);
            }

            shared.Count++;
            return shared;
        }
    }

    private void Leave(Audience audience, Shared shared)
    {
        lock (_shared)
        {
            if (--shared.Count == 0)
            {
                _shared.Remove(audience);
                shared.Source?.Dispose();
            }
        }
    }

    // A change and the tenant's layer that it speaks of come together.
    private IObservable<AudienceConfig> Merged(Audience audience) => Observable.Defer(() =>
    {
        var known = (Revision: -1L, Layer: (LayerVersion?)null);
        return signal
            .Select(layers =>
            {
                var wanted = layers.Value.Tenants.GetValueOrDefault(audience.Tenant);
                if (wanted == 0)
                {
                    known = (0, new LayerVersion(0, []));
                }

                return wanted == known.Revision
                    ? Observable.Return(TryMerge(audience, layers, known.Layer!))
                    : tenants.Read(audience.Tenant, known.Layer)
                        .Do(found => known = found.IsRead ? (wanted, found.Layer) : known)
                        .Select(found => TryMerge(audience, layers, found.Layer));
            })
            .Switch()
            .Where(merged => merged is not null)
            .Select(merged => merged!);
    });

    // What cannot be merged must not end the signal: the last good one stands.
    private AudienceConfig? TryMerge(Audience audience, SignalValue<ConfigLayers> layers, LayerVersion tenant)
    {
        try
        {
            var relevant = layers.Value.For(audience, tenant).ToList();
            return new AudienceConfig(layers.Revision, relevant, LayerMerge.Merge(relevant));
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            LogNotMerged(layers.Revision, exception);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Revision {Revision} of the configuration cannot be merged; the last good one stands.")]
    private partial void LogNotMerged(long revision, Exception exception);

    private sealed class Shared
    {
        public ReplaySubject<AudienceConfig> Values { get; } = new(1);

        public IDisposable? Source { get; set; }

        public int Count { get; set; }
    }
}
