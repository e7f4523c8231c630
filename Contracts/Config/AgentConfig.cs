using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Contracts.Config;

/// <summary>
/// What an agent does: the merged document of all layers, bound. On the wire it is one flat document; here it is two records, since
/// a turn holds the one as it was at its input and follows the other.
/// </summary>
/// <param name="Turn">Frozen when a turn begins.</param>
/// <param name="Live">Followed while it runs.</param>
public sealed record AgentConfig(TurnConfig Turn, LiveKnobs Live)
{
    /// <summary>What holds where no layer says anything.</summary>
    public static AgentConfig Default { get; } = new(new TurnConfig(), new LiveKnobs());

    private static readonly JsonObject DefaultTurn = JsonSerializer.SerializeToNode(Default.Turn, WireJson.Types.TurnConfig)!.AsObject();
    private static readonly JsonObject DefaultLive = JsonSerializer.SerializeToNode(Default.Live, WireJson.Types.LiveKnobs)!.AsObject();

    /// <summary>Binds a valid document (see <see cref="LayerRules.Errors(JsonObject)"/>).</summary>
    /// <exception cref="JsonException">It is not valid.</exception>
    public static AgentConfig Bind(JsonObject document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var (turn, live) = (new JsonObject(), new JsonObject());
        foreach (var (name, value) in document)
        {
            (ConfigProperties.IsLive(name) ? live : turn)[name] = value?.DeepClone();
        }

        // Over the defaults, since the generated reader does not run the initializers of what a document leaves out.
        return new AgentConfig(
            Over(DefaultTurn, turn, "").Deserialize(WireJson.Types.TurnConfig)!,
            Over(DefaultLive, live, "").Deserialize(WireJson.Types.LiveKnobs)!);
    }

    // Property by property, and not as a merge patch: a value may be an object that has nulls of its own.
    private static JsonObject Over(JsonObject defaults, JsonObject document, string prefix)
    {
        var whole = (JsonObject)defaults.DeepClone();
        foreach (var (name, value) in document)
        {
            whole[name] = value is JsonObject section && whole[name] is JsonObject below && ConfigProperties.IsSection(prefix + name)
                ? Over(below, section, $"{prefix}{name}.")
                : value?.DeepClone();
        }

        return whole;
    }
}
