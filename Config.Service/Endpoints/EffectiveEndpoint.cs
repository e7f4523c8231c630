using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;
using StackExchange.Redis;

namespace AspireAgent.Config.Endpoints;

/// <summary>
/// <c>GET effective?tenant=&amp;group=&amp;cohort=</c> or <c>?session=</c>: what holds there, and which layer each property comes from.
/// </summary>
internal static class EffectiveEndpoint
{
    public static void MapEffective(this RouteGroupBuilder config) => config.MapGet("/effective", Read);

    private static async Task<IResult> Read(
        ConfigStore store, IConnectionMultiplexer redis, string? tenant, string? group, string? cohort, string? session)
    {
        var audience = new Audience(tenant ?? "", group, cohort);
        IEnumerable<ConfigLayer> own = [];
        if (session is not null)
        {
            var meta = await redis.GetDatabase().HashGetAsync(
                SessionKeys.Meta(session),
                [SessionKeys.TenantField, SessionKeys.GroupField, SessionKeys.CohortField, SessionKeys.ConfigField, SessionKeys.ConfigRevisionField]);
            if (meta[0].IsNull || (tenant is not null && meta[0] != tenant))
            {
                return Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.SessionNotFound, "There is no such session.");
            }

            audience = new Audience(meta[0].ToString(), Text(meta[1]), Text(meta[2]));
            own = Text(meta[3]) is { } patch
                ? [new ConfigLayer(Layer.Session, "", (long)meta[4], JsonNode.Parse(patch)!.AsObject())]
                : [];
        }

        var (revision, layers) = await store.ReadAsync();
        var tenantLayer = Scope.Of(Layer.Tenant, audience.Tenant) is { } scope ? await store.ReadLayerAsync(scope) : null;
        var merged = LayerMerge.Merge([.. layers.For(audience, tenantLayer), .. own]);
        return TypedResults.Ok(new JsonObject
        {
            ["revision"] = revision,
            ["cohort"] = audience.Cohort,
            ["config"] = Whole(merged.Document),
            ["layers"] = Map(merged.Provenance, label => label),
            ["revisions"] = Map(merged.Revisions, number => number),
        });
    }

    private static string? Text(RedisValue value) => value.IsNullOrEmpty ? null : value.ToString();

    private static JsonObject Map<T>(IReadOnlyDictionary<string, T> values, Func<T, JsonNode?> toJson) =>
        new(values.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, toJson(entry.Value))));

    // Every property, those of the defaults and the nulls, too.
    private static JsonObject Whole(JsonObject document)
    {
        var whole = new JsonObject();
        foreach (var property in ConfigProperties.All)
        {
            var names = property.Path.Split('.');
            var section = whole;
            foreach (var name in names[..^1])
            {
                section[name] ??= new JsonObject();
                section = section[name]!.AsObject();
            }

            section[names[^1]] = LayerMerge.ValueOf(document, property)?.DeepClone();
        }

        return whole;
    }
}
