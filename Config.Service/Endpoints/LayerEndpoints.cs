using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Config.Endpoints;

/// <summary>Read and write layers: <c>layers/global</c>, <c>layers/group/{name}</c>, <c>layers/tenant/{name}</c>.</summary>
internal static class LayerEndpoints
{
    private const int MostHistory = 200;

    public static void MapLayers(this RouteGroupBuilder config)
    {
        config.MapGet("/layers", List);
        Map(config, "/layers/global", _ => Scope.Global);
        Map(config, "/layers/group/{name}", name => Scope.Of(Layer.Group, name));
        Map(config, "/layers/tenant/{name}", name => Scope.Of(Layer.Tenant, name));
    }

    private static void Map(RouteGroupBuilder config, string pattern, Func<string, Scope?> scopeOf)
    {
        var layer = config.MapGroup(pattern);
        layer.MapGet("/", (HttpContext context, ConfigStore store, long? revision) =>
            With(context, scope => ReadAsync(scope, revision, context.Response, store)));
        layer.MapPut("/", (JsonObject document, HttpContext context, LayerWriter writer, string? why) =>
            WriteAsync(context, why, (scope, expected, author) => writer.PutAsync(scope, expected, document, author, context.RequestAborted)));
        layer.MapPatch("/", (JsonObject patch, HttpContext context, LayerWriter writer, string? why) =>
            WriteAsync(context, why, (scope, expected, author) => writer.PatchAsync(scope, expected, patch, author, context.RequestAborted)));
        layer.MapPost("/rollback", (RollbackRequest request, HttpContext context, LayerWriter writer) =>
            WriteAsync(context, request.Why, (scope, expected, author) =>
                writer.RollbackAsync(scope, expected, request.Revision, author, context.RequestAborted)));
        layer.MapGet("/history", (HttpContext context, ConfigStore store, long? before, int? limit) =>
            With(context, scope => HistoryAsync(scope, before ?? long.MaxValue, limit ?? MostHistory, store)));
        layer.MapGet("/diff", (HttpContext context, ConfigStore store, long from, long to) =>
            With(context, scope => DiffAsync(scope, from, to, store)));

        Task<IResult> With(HttpContext context, Func<Scope, Task<IResult>> use) =>
            scopeOf(context.GetRouteValue("name") as string ?? "") is { } scope
                ? use(scope)
                : Task.FromResult<IResult>(Problem.Of(
                    StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest,
                    "A layer's name has 1 to 128 letters, digits and . _ @ : -, and begins with a letter or digit."));

        Task<IResult> WriteAsync(HttpContext context, string? why, Func<Scope, long, Author, Task<WriteOutcome>> write) =>
            With(context, async scope =>
            {
                if (Revisions.Read(context.Request, out var expected) is { } problem)
                {
                    return problem;
                }

                if (Revisions.CheckWhy(why) is { } essay)
                {
                    return essay;
                }

                var outcome = await write(scope, expected, new Author(Caller.Of(context.User).Subject, why));
                if (outcome is not WriteOutcome.Written { Layer: var layer })
                {
                    return WriteProblems.Of(outcome);
                }

                Revisions.Write(context.Response, layer.Revision);
                return TypedResults.Ok(layer.Document);
            });
    }

    private static async Task<IResult> List(ConfigStore store)
    {
        var (revision, layers) = await store.ReadAsync();
        return TypedResults.Ok(new JsonObject
        {
            ["revision"] = revision,
            ["global"] = layers.Global.Revision,
            ["groups"] = new JsonObject(layers.Groups.Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Value.Revision))),
            ["tenants"] = new JsonObject(layers.Tenants.Select(tenant => KeyValuePair.Create(tenant.Key, (JsonNode?)tenant.Value))),
        });
    }

    private static async Task<IResult> ReadAsync(Scope scope, long? revision, HttpResponse response, ConfigStore store)
    {
        var layer = await store.ReadLayerAsync(scope);
        if (revision is { } wanted && wanted != layer.Revision)
        {
            if (await store.ReadRevisionAsync(scope, wanted) is not { } old)
            {
                return WriteProblems.Of(new WriteOutcome.NoSuchRevision());
            }

            layer = new LayerVersion(old.Revision, old.Document);
        }

        Revisions.Write(response, layer.Revision);
        return TypedResults.Ok(layer.Document);
    }

    // Without the documents: layers/{scope}?revision=N reads one.
    private static async Task<IResult> HistoryAsync(Scope scope, long before, int limit, ConfigStore store)
    {
        if (limit is < 1 or > MostHistory)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"limit goes from 1 to {MostHistory}.");
        }

        var records = await store.ReadRevisionsAsync(scope, before - 1, limit);
        return TypedResults.Ok(records.Reverse().Select(record =>
            new HistoryEntry(record.Revision, record.At, record.By, record.Action, record.Why)));
    }

    private static async Task<IResult> DiffAsync(Scope scope, long from, long to, ConfigStore store)
    {
        if (await At(from) is not { } before || await At(to) is not { } after)
        {
            return WriteProblems.Of(new WriteOutcome.NoSuchRevision());
        }

        return TypedResults.Ok(LayerDiff.Of(before, after));

        async Task<JsonObject?> At(long revision) => revision == 0 ? [] : (await store.ReadRevisionAsync(scope, revision))?.Document;
    }

    /// <summary>One revision, without its document.</summary>
    internal sealed record HistoryEntry(long Revision, DateTimeOffset At, string By, string Action, string? Why = null);

    internal sealed record RollbackRequest(long Revision, string? Why = null);
}
