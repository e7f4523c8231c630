using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Sessions;

/// <summary>The session layer over the configuration that the signal brings.</summary>
internal static class SessionConfig
{
    // What a session may set for itself; the rest is decided above it.
    private static readonly HashSet<string> Writable = ["inputPolicy", "temperature", "topP", "maxOutputTokens"];

    /// <summary>The properties of <paramref name="patch"/> that a session may not set.</summary>
    public static IReadOnlyList<string> Forbidden(JsonObject patch) =>
        [.. patch.Select(property => property.Key).Where(name => !Writable.Contains(name))];

    /// <summary>What is wrong with the configuration that <paramref name="patch"/> would make; empty: nothing.</summary>
    public static IReadOnlyList<string> Errors(AgentConfig config, JsonObject patch)
    {
        try
        {
            var merged = Merge(config, patch);
            var results = new List<ValidationResult>();
            Validator.TryValidateObject(merged, new ValidationContext(merged), results, validateAllProperties: true);
            return [.. results.Select(result => result.ErrorMessage ?? "invalid")];
        }
        catch (JsonException exception)
        {
            return [$"{exception.Path} does not have the type that it should."];
        }
    }

    /// <summary>The snapshot that a turn gets. A lower layer only tightens a limit.</summary>
    public static TurnSnapshot Snapshot(SignalValue<AgentConfig> config, (JsonObject Patch, long Revision) session)
    {
        var merged = Merge(config.Value, session.Patch);
        return new TurnSnapshot(
            merged with { MaxOutputTokens = Math.Min(merged.MaxOutputTokens, config.Value.MaxOutputTokens) },
            new Dictionary<string, long> { ["global"] = config.Revision, ["session"] = session.Revision });
    }

    private static AgentConfig Merge(AgentConfig config, JsonObject patch) =>
        patch.Count == 0
            ? config
            : MergePatch.Apply(JsonSerializer.SerializeToNode(config, WireJson.Types.AgentConfig), patch)
                .Deserialize(WireJson.Types.AgentConfig)!;
}
