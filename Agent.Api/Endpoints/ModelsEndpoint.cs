using AspireAgent.Agent.Models;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Endpoints;

/// <summary><c>GET /v1/models</c>: the routes that a completion call may name, in OpenAI's form.</summary>
internal static class ModelsEndpoint
{
    public static void MapModels(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/models", (ModelCatalog models) => TypedResults.Ok(new ModelList(
            "list", [.. models.Names.Prepend("agent").Select(name => new ModelListItem(name, "model", 0, "aspireagent"))])));
}
