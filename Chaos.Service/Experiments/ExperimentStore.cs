using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;
using StackExchange.Redis;

namespace AspireAgent.Chaos.Experiments;

/// <summary>All experiments, in Redis, published as the chaos signal.</summary>
internal sealed class ExperimentStore(SignalSnapshots<ChaosStatus> snapshots) : SnapshotSource<ChaosStatus>(snapshots, ChaosStatus.Calm)
{
    public const string Kind = "chaos";

    private readonly SignalSnapshots<ChaosStatus> _snapshots = snapshots;

    /// <summary>One experiment; null: there is none of that name.</summary>
    public async Task<ChaosExperiment?> FindAsync(string id) =>
        (await ReadAsync(CancellationToken.None)).Value.Experiments.FirstOrDefault(known => known.Id == id);

    /// <summary>Adds or replaces one.</summary>
    public Task SaveAsync(ChaosExperiment experiment) => _snapshots.UpdateAsync(now =>
        new ChaosStatus([.. Without(now, experiment.Id), experiment]));

    /// <summary>Removes one, and ends it.</summary>
    public Task RemoveAsync(string id) => _snapshots.UpdateAsync(now => new ChaosStatus([.. Without(now, id)]));

    private static IEnumerable<ChaosExperiment> Without(ChaosStatus? status, string id) =>
        (status ?? ChaosStatus.Calm).Experiments.Where(known => known.Id != id);
}

internal static class ExperimentRegistration
{
    public static IServiceCollection AddExperiments(this IServiceCollection services) => services
        .AddSingleton(provider => new SignalSnapshots<ChaosStatus>(
            provider.GetRequiredService<IConnectionMultiplexer>(), ExperimentStore.Kind, WireJson.Types.ChaosStatus))
        .AddSingleton<ExperimentStore>()
        .AddSignalPublisher<ChaosStatus, ExperimentStore>();
}
