using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;
using AspireAgent.Config.Sources;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Releases;

/// <summary>
/// The steps of a release: described (paused), running, and back; then promoted or rolled back, which are its ends. A step that was
/// done already is done again without a change. A step may name the revision that it was decided by.
/// </summary>
internal sealed class ReleaseWriter(ConfigStore store, LayerFeeds feeds, TimeProvider time)
{
    private const int SaltCharacters = 16;

    /// <summary>Makes a release, or changes one that has not come to its end; revision 0 is that of one that does not exist.</summary>
    public Task<ReleaseOutcome> DescribeAsync(
        string name, long expected, ReleaseRequest request, Author author, CancellationToken cancellationToken) =>
        store.WriteAsync(
            layers =>
            {
                var now = Find(layers, name);
                if ((now?.Revision ?? 0) != expected)
                {
                    return Done(new ReleaseOutcome.Stale(now?.Revision ?? 0));
                }

                if (now is { State: ReleaseState.Promoted or ReleaseState.RolledBack })
                {
                    return Done(new ReleaseOutcome.Impossible(now.State));
                }

                var salt = request.Salt ?? now?.Salt ?? RandomNumberGenerator.GetHexString(SaltCharacters, lowercase: true);
                return Done(Change(layers, "describe", author, new Release(
                    name, expected + 1, request.Patch, request.Percent, salt, now?.State ?? ReleaseState.Paused, now?.StartedAt)));
            },
            cancellationToken);

    /// <summary>New sessions enter it from now on.</summary>
    public Task<ReleaseOutcome> StartAsync(string name, long? expected, Author author, CancellationToken cancellationToken) =>
        StepAsync(name, "start", ReleaseState.Running, expected, author, cancellationToken);

    /// <summary>No new session enters it; those in it stay.</summary>
    public Task<ReleaseOutcome> PauseAsync(string name, long? expected, Author author, CancellationToken cancellationToken) =>
        StepAsync(name, "pause", ReleaseState.Paused, expected, author, cancellationToken);

    /// <summary>Its patch holds for nobody from the next turns on.</summary>
    public Task<ReleaseOutcome> RollBackAsync(string name, long? expected, Author author, CancellationToken cancellationToken) =>
        StepAsync(name, "rollback", ReleaseState.RolledBack, expected, author, cancellationToken);

    /// <summary>Its patch becomes part of the global layer, in the same write.</summary>
    public Task<ReleaseOutcome> PromoteAsync(string name, long? expected, Author author, CancellationToken cancellationToken) =>
        StepAsync(name, "promote", ReleaseState.Promoted, expected, author, cancellationToken);

    /// <summary>Forgets one that never ran. One that did keeps its name: sessions may still bear it.</summary>
    public Task<ReleaseOutcome> DeleteAsync(string name, long? expected, Author author, CancellationToken cancellationToken) =>
        store.WriteAsync(
            layers => Done(Find(layers, name) switch
            {
                null => (null, new ReleaseOutcome.Unknown()),
                var there when there.Revision != (expected ?? there.Revision) => (null, new ReleaseOutcome.Stale(there.Revision)),
                { StartedAt: not null } ran => (null, new ReleaseOutcome.Impossible(ran.State)),
                var draft => (
                    new ConfigChange(
                        layers with { Releases = [.. layers.Releases.Where(release => release != draft)] }, [],
                        [Audit("delete", draft, author)]),
                    (ReleaseOutcome)new ReleaseOutcome.Deleted()),
            }),
            cancellationToken);

    private Task<ReleaseOutcome> StepAsync(
        string name, string action, ReleaseState to, long? expected, Author author, CancellationToken cancellationToken) =>
        store.WriteAsync(
            layers => Done(Find(layers, name) switch
            {
                null => (null, new ReleaseOutcome.Unknown()),
                var there when there.Revision != (expected ?? there.Revision) => (null, new ReleaseOutcome.Stale(there.Revision)),
                var there when there.State == to => (null, new ReleaseOutcome.Changed(there)),
                { State: ReleaseState.Promoted or ReleaseState.RolledBack } ended => (null, new ReleaseOutcome.Impossible(ended.State)),
                var now when to is ReleaseState.Promoted => Promote(layers, now, author),
                var now => Change(layers, action, author, now with
                {
                    Revision = now.Revision + 1,
                    State = to,
                    StartedAt = to is ReleaseState.Running ? now.StartedAt ?? time.GetUtcNow() : now.StartedAt,
                }),
            }),
            cancellationToken);

    private (ConfigChange? Change, ReleaseOutcome Outcome) Change(ConfigLayers layers, string action, Author author, Release next)
    {
        // To pause and to roll back is safe, whatever has become of the patch.
        var takesHold = action is "describe" or "start";
        if (takesHold && LayerChecks.Check(layers, next.AsLayer()) is { } refused)
        {
            return (null, new ReleaseOutcome.Refused(refused));
        }

        if (takesHold && next.IsActive && Overlap(layers, next) is { } overlap)
        {
            return (null, overlap);
        }

        return (
            new ConfigChange(layers with { Releases = With(layers.Releases, next) }, [], [Audit(action, next, author)]),
            new ReleaseOutcome.Changed(next));
    }

    private (ConfigChange? Change, ReleaseOutcome Outcome) Promote(ConfigLayers layers, Release now, Author author)
    {
        if (feeds.OriginOf(Scope.Global) is { } origin)
        {
            return (null, new ReleaseOutcome.Refused(new WriteOutcome.Fed(origin)));
        }

        var document = (JsonObject)MergePatch.Apply(layers.Global.Document, now.Patch)!;
        var global = new LayerVersion(layers.Global.Revision + 1, document);
        if (LayerChecks.Check(layers, new ConfigLayer(Layer.Global, "", global.Revision, document)) is { } refused)
        {
            return (null, new ReleaseOutcome.Refused(refused));
        }

        var next = now with { Revision = now.Revision + 1, State = ReleaseState.Promoted };
        var record = new LayerRecord(global.Revision, document, time.GetUtcNow(), author.Name, "promote", author.Why ?? $"release/{now.Name}");
        return (
            new ConfigChange(
                layers with { Global = global, Releases = With(layers.Releases, next) }, [(Scope.Global, record)],
                [
                    Audit("promote", next, author),
                    new AuditRecord(record.At, author.Name, "promote", $"{Scope.Global}", global.Revision, 0, record.Why),
                ]),
            new ReleaseOutcome.Changed(next));
    }

    private static ReleaseOutcome.Overlaps? Overlap(ConfigLayers layers, Release next)
    {
        var mine = Properties(next);
        foreach (var other in layers.Releases.Where(release => release.Name != next.Name && release.IsActive))
        {
            if (mine.Intersect(Properties(other), StringComparer.Ordinal).ToList() is { Count: > 0 } both)
            {
                return new ReleaseOutcome.Overlaps(other.Name, both);
            }
        }

        return null;
    }

    private static List<string> Properties(Release release) =>
        [.. LayerMerge.Values(release.Patch).Select(found => found.Property.Path)];

    private static Release? Find(ConfigLayers layers, string name) => layers.Releases.FirstOrDefault(release => release.Name == name);

    private static List<Release> With(IReadOnlyList<Release> releases, Release next) =>
        [.. releases.Where(release => release.Name != next.Name).Append(next).OrderBy(release => release.Name, StringComparer.Ordinal)];

    private AuditRecord Audit(string action, Release release, Author author) =>
        new(time.GetUtcNow(), author.Name, action, $"release/{release.Name}", release.Revision, 0, author.Why);

    private static Task<(ConfigChange? Change, ReleaseOutcome Outcome)> Done((ConfigChange? Change, ReleaseOutcome Outcome) decided) =>
        Task.FromResult(decided);

    private static Task<(ConfigChange? Change, ReleaseOutcome Outcome)> Done(ReleaseOutcome outcome) => Done((null, outcome));
}
