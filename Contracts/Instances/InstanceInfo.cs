using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Instances;

/// <summary>One running pod of the registry, <c>instance:{name}</c> in Redis.</summary>
/// <param name="Name">Unique per process.</param>
/// <param name="Kind">Gateway or agent.</param>
/// <param name="Address">The pod's own base address, which is not the load-balanced one.</param>
/// <param name="Pid">Process id on its machine.</param>
/// <param name="State">Whether it takes new work.</param>
/// <param name="Sessions">Live sessions (an agent's) or open streams (a gateway's).</param>
/// <param name="Build">The code's version.</param>
/// <param name="ConfigRevision">The configuration that it runs, where it follows one: the config signal's revision.</param>
/// <param name="Drain">While it drains: since when, and until when.</param>
public sealed record InstanceInfo(
    string Name, InstanceKind Kind, string Address, int Pid, InstanceState State, int Sessions, string Build,
    long? ConfigRevision = null, DrainStatus? Drain = null);

[JsonConverter(typeof(JsonStringEnumConverter<InstanceKind>))]
public enum InstanceKind
{
    [JsonStringEnumMemberName("agent")] Agent,
    [JsonStringEnumMemberName("gateway")] Gateway,
}

[JsonConverter(typeof(JsonStringEnumConverter<InstanceState>))]
public enum InstanceState
{
    [JsonStringEnumMemberName("ready")] Ready,
    [JsonStringEnumMemberName("draining")] Draining,
}
