using System.Text.RegularExpressions;
using AspireAgent.Config.Layers;
using AspireAgent.Config.Releases;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Config.Endpoints;

/// <summary>Releases: <c>PUT releases/{name}</c> describes one, <c>POST .../start, pause, rollback, promote</c> are its steps.</summary>
internal static partial class ReleaseEndpoints
{
    public static void MapReleases(this RouteGroupBuilder config)
    {
        var releases = config.MapGroup("/releases");
        releases.MapGet("/", async (ConfigStore store) => TypedResults.Ok((await store.ReadAsync()).Value.Releases));
        releases.MapGet("/{name}", Read);
        releases.MapPut("/{name}", Describe);
        releases.MapDelete("/{name}", (string name, HttpContext context, ReleaseWriter writer, string? why) => StepAsync(
            context, why, (expected, author) => writer.DeleteAsync(name, expected, author, context.RequestAborted)));
        Step("start", (writer, name, expected, author, token) => writer.StartAsync(name, expected, author, token));
        Step("pause", (writer, name, expected, author, token) => writer.PauseAsync(name, expected, author, token));
        Step("rollback", (writer, name, expected, author, token) => writer.RollBackAsync(name, expected, author, token));
        Step("promote", (writer, name, expected, author, token) => writer.PromoteAsync(name, expected, author, token));

        void Step(string step, Func<ReleaseWriter, string, long?, Author, CancellationToken, Task<ReleaseOutcome>> take) =>
            releases.MapPost($"/{{name}}/{step}", (string name, HttpContext context, ReleaseWriter writer, string? why) => StepAsync(
                context, why, (expected, author) => take(writer, name, expected, author, context.RequestAborted)));
    }

    // If-Match is free here: a step says by itself what it changes.
    private static async Task<IResult> StepAsync(HttpContext context, string? why, Func<long?, Author, Task<ReleaseOutcome>> take)
    {
        long? expected = null;
        if (context.Request.Headers.IfMatch.Count > 0)
        {
            if (Revisions.Read(context.Request, out var named) is { } problem)
            {
                return problem;
            }

            expected = named;
        }

        return Revisions.CheckWhy(why) ?? Answer(context, await take(expected, AuthorOf(context, why)));
    }

    private static async Task<IResult> Read(string name, HttpContext context, ConfigStore store)
    {
        var release = (await store.ReadAsync()).Value.Releases.FirstOrDefault(release => release.Name == name);
        return Answer(context, release is null ? new ReleaseOutcome.Unknown() : new ReleaseOutcome.Changed(release));
    }

    private static async Task<IResult> Describe(string name, ReleaseRequest request, HttpContext context, ReleaseWriter writer, string? why)
    {
        if (!NamePattern().IsMatch(name) || name == Cohort.Stable)
        {
            return Problem.Of(
                StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest,
                "A release's name has 1 to 64 lower-case letters, digits and -, begins with a letter or digit, and is not 'stable'.");
        }

        if (Problem.Validate(request) is { } invalid)
        {
            return invalid;
        }

        if (!LayerMerge.Values(request.Patch).Any() && LayerRules.Errors(request.Patch).Count == 0)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "A release changes something: its patch is empty.");
        }

        return Revisions.Read(context.Request, out var expected) ?? Revisions.CheckWhy(why)
            ?? Answer(context, await writer.DescribeAsync(name, expected, request, AuthorOf(context, why), context.RequestAborted));
    }

    private static IResult Answer(HttpContext context, ReleaseOutcome outcome)
    {
        switch (outcome)
        {
            case ReleaseOutcome.Changed { Release: var release }:
                Revisions.Write(context.Response, release.Revision);
                return TypedResults.Ok(release);
            case ReleaseOutcome.Deleted:
                return TypedResults.NoContent();
            case ReleaseOutcome.Stale stale:
                return Revisions.Stale(stale.Revision);
            case ReleaseOutcome.Impossible impossible:
                return Problem.Of(
                    StatusCodes.Status409Conflict, ProblemTypes.ReleaseState, "From where the release stands there is no such step.",
                    $"It is {(impossible.State is ReleaseState.RolledBack ? "rolled back" : $"{impossible.State}".ToLowerInvariant())}.");
            case ReleaseOutcome.Overlaps overlaps:
                return Problem.Of(
                    StatusCodes.Status409Conflict, ProblemTypes.ReleaseOverlap, "Another release touches the same properties.",
                    $"'{overlaps.Other}' has {string.Join(", ", overlaps.Properties)}.");
            case ReleaseOutcome.Refused refused:
                return WriteProblems.Of(refused.Reason);
            default:
                return Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.NotFound, "There is no such release.");
        }
    }

    private static Author AuthorOf(HttpContext context, string? why) => new(Caller.Of(context.User).Subject, why);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex NamePattern();
}
