using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Configuration;

/// <summary>What holds for an audience, before a session's own layer.</summary>
/// <param name="Revision">The config signal's, from which it was merged.</param>
/// <param name="Layers">The layers, the later over the earlier.</param>
/// <param name="Merged">What they make.</param>
internal sealed record AudienceConfig(long Revision, IReadOnlyList<ConfigLayer> Layers, EffectiveConfig Merged);
