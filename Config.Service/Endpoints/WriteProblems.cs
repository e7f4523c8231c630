using AspireAgent.Config.Layers;
using AspireAgent.Contracts;
using AspireAgent.ServiceDefaults.Problems;

namespace AspireAgent.Config.Endpoints;

/// <summary>Refused writes as problems.</summary>
internal static class WriteProblems
{
    public static IResult Of(WriteOutcome refused) => refused switch
    {
        WriteOutcome.Stale stale => Revisions.Stale(stale.Revision),
        WriteOutcome.Forbidden forbidden => Problem.Of(
            StatusCodes.Status403Forbidden, ProblemTypes.Forbidden, "This layer may not set this.",
            $"Not this layer's to set, or to loosen: {string.Join(", ", forbidden.Properties)}."),
        WriteOutcome.Invalid invalid => Problem.Of(
            StatusCodes.Status422UnprocessableEntity, ProblemTypes.InvalidRequest, "The configuration would not be valid.",
            string.Join(' ', invalid.Errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}")), invalid.Errors),
        WriteOutcome.Fed fed => Problem.Of(
            StatusCodes.Status409Conflict, ProblemTypes.LayerFed, "A source feeds this layer: change it there.", fed.Origin),
        _ => Problem.Of(
            StatusCodes.Status404NotFound, ProblemTypes.NotFound, "There is no such revision, or it is no longer kept."),
    };

    /// <summary>For a store that cannot be reached: the write may or may not have been done.</summary>
    public static IResult Unavailable() => Problem.Of(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "The configuration's store cannot be reached.",
        "If this was a write, read first whether it was done.");
}
