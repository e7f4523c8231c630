using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;
using StackExchange.Redis;

namespace AspireAgent.Config.Layers;

/// <summary>The global layer of the configuration: a revisioned document in Redis, published as the config signal.</summary>
internal sealed class GlobalLayer(SignalSnapshots<AgentConfig> snapshots) : SnapshotSource<AgentConfig>(snapshots, new AgentConfig())
{
    public const string Kind = "config";
}

internal static class GlobalLayerRegistration
{
    public static IServiceCollection AddGlobalLayer(this IServiceCollection services) => services
        .AddSingleton(provider => new SignalSnapshots<AgentConfig>(
            provider.GetRequiredService<IConnectionMultiplexer>(), GlobalLayer.Kind, WireJson.Types.AgentConfig))
        .AddSignalPublisher<AgentConfig, GlobalLayer>();
}
