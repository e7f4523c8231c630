using System.Collections.Concurrent;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using AspireAgent.Contracts.Config;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Configuration;

/// <summary>The merged configuration as a signal for each audience: merged once for all sessions of it, while there are any.</summary>
internal sealed class ConfigSignals(ISignal<ConfigLayers> signal, TenantLayers tenants, TimeProvider time)
{
    /// <summary>How long a call waits for a configuration that has never been read yet.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Audience, IObservable<AudienceConfig>> _shared = new();

    /// <summary>The releases as they stand; none before the first value.</summary>
    public IReadOnlyList<Release> Releases => signal.Current?.Value.Releases ?? [];

    /// <summary>What holds for an audience, now and as it changes: replays, never ends, never fails.</summary>
    public IObservable<AudienceConfig> For(Audience audience) =>
        Observable.Defer(() => _shared.GetOrAdd(audience, Share));

    /// <summary>What holds for an audience now.</summary>
    /// <exception cref="TimeoutException">Its layers cannot be read.</exception>
    public Task<AudienceConfig> CurrentAsync(Audience audience, CancellationToken cancellationToken) =>
        For(audience).FirstAsync().ToTask(cancellationToken).WaitAsync(Patience, time, cancellationToken);

    private IObservable<AudienceConfig> Share(Audience audience) => signal
        .CombineLatest(tenants.Of(audience.Tenant), (layers, tenant) => Merge(audience, layers, tenant))
        .Finally(() => _shared.TryRemove(audience, out _))
        .Replay(1)
        .RefCount();

    private static AudienceConfig Merge(Audience audience, SignalValue<ConfigLayers> signal, LayerVersion tenant)
    {
        var layers = signal.Value.For(audience, tenant).ToList();
        return new AudienceConfig(signal.Revision, layers, LayerMerge.Merge(layers));
    }
}
