using AspireAgent.Config.Layers;
using AspireAgent.Contracts;
using AspireAgent.ServiceDefaults.Problems;

namespace AspireAgent.Config.Endpoints;

/// <summary><c>GET audit?limit=</c>: who changed what, when and why; the newest first.</summary>
internal static class AuditEndpoint
{
    private const int Most = 1_000;
    private const int Usual = 100;

    public static void MapAudit(this RouteGroupBuilder config) => config.MapGet("/audit", Read);

    private static async Task<IResult> Read(ConfigStore store, int limit = Usual) => limit is < 1 or > Most
        ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"limit goes from 1 to {Most}.")
        : TypedResults.Ok(await store.AuditAsync(limit));
}
