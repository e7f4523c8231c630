using System.Globalization;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Config.Layers;

/// <summary>Read and replace the global layer. A write names the revision that it replaces.</summary>
internal static class GlobalLayerEndpoints
{
    public static void MapGlobalLayer(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/config/layers/global").RequireAuthorization(TrustRegistration.OperatorPolicy);
        group.MapGet("/", Read);
        group.MapPut("/", Replace);
    }

    private static async Task<Results<Ok<AgentConfig>, ProblemHttpResult>> Read(
        HttpResponse response, ISignal<AgentConfig> signal, SignalSnapshots<AgentConfig> snapshots)
    {
        if ((await snapshots.ReadAsync() ?? signal.Current) is not { } current)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "The configuration is not loaded yet.");
        }

        response.Headers.ETag = Tag(current.Revision);
        return TypedResults.Ok(current.Value);
    }

    private static async Task<Results<Ok<AgentConfig>, ProblemHttpResult>> Replace(
        AgentConfig config, HttpRequest request, HttpResponse response, SignalSnapshots<AgentConfig> snapshots)
    {
        var match = request.Headers.IfMatch.ToString();
        if (match.Length == 0)
        {
            return Problem.Of(
                StatusCodes.Status428PreconditionRequired, ProblemTypes.RevisionRequired,
                "If-Match must name the revision that this write replaces.");
        }

        if (Problem.Validate(config) is { } invalid)
        {
            return invalid;
        }

        if (!long.TryParse(match.Trim('"'), CultureInfo.InvariantCulture, out var expected)
            || !await snapshots.TryReplaceAsync(expected, new SignalValue<AgentConfig>(expected + 1, config)))
        {
            return Problem.Of(
                StatusCodes.Status412PreconditionFailed, ProblemTypes.RevisionStale,
                "The layer has changed since: read it again and decide anew.");
        }

        response.Headers.ETag = Tag(expected + 1);
        return TypedResults.Ok(config);
    }

    private static string Tag(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");
}
