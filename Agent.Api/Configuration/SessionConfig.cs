using System.Reactive.Linq;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Configuration;

/// <summary>What is wrong with a session layer.</summary>
internal abstract record SessionConfigProblem
{
    /// <summary>A session may not set these, or not loosen them.</summary>
    public sealed record Forbidden(IReadOnlyList<string> Properties) : SessionConfigProblem;

    /// <summary>Everything that is wrong with it, by property.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : SessionConfigProblem;
}

/// <summary>The session layer over what holds for the session's audience.</summary>
internal static class SessionConfig
{
    /// <summary>The session's merged configuration as a signal, split into what a turn freezes and what it follows.</summary>
    public static IObservable<SessionSettings> Merge(
        IObservable<AudienceConfig> audience, IObservable<(JsonObject Patch, long Revision)> session) =>
        audience.CombineLatest(session, (below, own) => Merge(below, own.Patch, own.Revision));

    /// <summary>What speaks against the session layer <paramref name="document"/>; null: nothing.</summary>
    public static SessionConfigProblem? Check(AudienceConfig audience, JsonObject document)
    {
        if (LayerRules.Forbidden(document, Layer.Session) is { Count: > 0 } forbidden)
        {
            return new SessionConfigProblem.Forbidden(forbidden);
        }

        if (LayerRules.Errors(document) is { Count: > 0 } errors)
        {
            return new SessionConfigProblem.Invalid(errors);
        }

        if (LayerRules.Loosened(document, Layer.Session, audience.Merged.Document) is { Count: > 0 } loosened)
        {
            return new SessionConfigProblem.Forbidden(loosened);
        }

        var merged = LayerMerge.Merge([.. audience.Layers, Own(document, 0)]);
        return LayerRules.Errors(merged) is { Count: > 0 } together ? new SessionConfigProblem.Invalid(together) : null;
    }

    private static SessionSettings Merge(AudienceConfig audience, JsonObject patch, long revision)
    {
        var merged = patch.Count == 0 ? audience.Merged : LayerMerge.Merge([.. audience.Layers, Own(patch, revision)]);
        var revisions = new Dictionary<string, long>(merged.Revisions) { ["store"] = audience.Revision, ["session"] = revision };
        return new SessionSettings(new TurnSnapshot(merged.Config.Turn, revisions), merged.Config.Live);
    }

    private static ConfigLayer Own(JsonObject document, long revision) => new(Layer.Session, "", revision, document);
}

/// <summary>A session's configuration at one instant.</summary>
/// <param name="Turn">What a turn that begins now freezes.</param>
/// <param name="Live">What running turns follow.</param>
internal sealed record SessionSettings(TurnSnapshot Turn, LiveKnobs Live);
