using AspireAgent.Contracts;
using AspireAgent.Contracts.Chaos;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Chaos.Experiments;

/// <summary>Experiments over HTTP: describe, start, stop, remove. One that is described does not run yet.</summary>
internal static class ExperimentEndpoints
{
    public static void MapExperiments(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/chaos/experiments").RequireAuthorization(TrustRegistration.OperatorPolicy);
        group.MapGet("/", async (ExperimentStore store, CancellationToken cancellationToken) =>
            TypedResults.Ok((await store.ReadAsync(cancellationToken)).Value));
        group.MapPut("/{id}", Save);
        group.MapDelete("/{id}", Remove);
        group.MapPost("/{id}/start", Start);
        group.MapPost("/{id}/stop", Stop);
    }

    // PUT: the same description twice is one experiment. It stops one that runs under this name.
    private static async Task<Results<Ok<ChaosExperiment>, ProblemHttpResult>> Save(
        string id, ChaosExperiment experiment, ExperimentStore store)
    {
        var described = experiment with { Id = id, EndsAt = null };
        if (Problem.Validate(described) is { } invalid)
        {
            return invalid;
        }

        if (described.MinDelaySeconds > described.MaxDelaySeconds)
        {
            return Problem.Of(
                StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The request is not valid.",
                "minDelaySeconds is greater than maxDelaySeconds.");
        }

        await store.SaveAsync(described);
        return TypedResults.Ok(described);
    }

    private static async Task<NoContent> Remove(string id, ExperimentStore store)
    {
        await store.RemoveAsync(id);
        return TypedResults.NoContent();
    }

    private static Task<Results<Ok<ChaosExperiment>, ProblemHttpResult>> Start(string id, ExperimentStore store, TimeProvider time) =>
        ChangeAsync(id, store, known => known with { EndsAt = time.GetUtcNow() + TimeSpan.FromSeconds(known.TtlSeconds) });

    private static Task<Results<Ok<ChaosExperiment>, ProblemHttpResult>> Stop(string id, ExperimentStore store) =>
        ChangeAsync(id, store, known => known with { EndsAt = null });

    private static async Task<Results<Ok<ChaosExperiment>, ProblemHttpResult>> ChangeAsync(
        string id, ExperimentStore store, Func<ChaosExperiment, ChaosExperiment> change)
    {
        if (await store.FindAsync(id) is not { } known)
        {
            return Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.NotFound, "There is no such experiment.");
        }

        var changed = change(known);
        await store.SaveAsync(changed);
        return TypedResults.Ok(changed);
    }
}
