using System.Reactive.Linq;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Sessions;
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

    /// <summary>
    /// What speaks against a change of the session layer <paramref name="before"/>; null: nothing. It answers for itself alone: a
    /// limit that was tightened above since then does not keep the client from changing something else.
    /// </summary>
    public static SessionConfigProblem? Check(AudienceConfig audience, JsonObject patch, JsonObject before)
    {
        if (LayerRules.Forbidden(patch, Layer.Session) is { Count: > 0 } forbidden)
        {
            return new SessionConfigProblem.Forbidden(forbidden);
        }

        if (LayerRules.Errors(patch) is { Count: > 0 } errors)
        {
            return new SessionConfigProblem.Invalid(errors);
        }

        var set = (JsonObject)MergePatch.Apply(new JsonObject(), patch)!; // a null only takes out
        if (LayerRules.Loosened(set, Layer.Session, audience.Merged.Document) is { Count: > 0 } loosened)
        {
            return new SessionConfigProblem.Forbidden(loosened);
        }

        var known = LayerRules.Errors(audience.Merged);
        var together = LayerRules.Errors(LayerMerge.Merge([.. audience.Layers, Own((JsonObject)MergePatch.Apply(before, patch)!, 0)]))
            .Where(error => !known.ContainsKey(error.Key)).ToDictionary();
        return together.Count > 0 ? new SessionConfigProblem.Invalid(together) : null;
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
