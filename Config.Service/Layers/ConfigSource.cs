using AspireAgent.Contracts.Config;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;

namespace AspireAgent.Config.Layers;

/// <summary>The store as the source of the signal. An empty store gets revision 1, so that no pod waits for a first write.</summary>
internal sealed class ConfigSource(SignalSnapshots<ConfigLayers> snapshots) : SnapshotSource<ConfigLayers>(snapshots, ConfigLayers.Empty);
