using System.Globalization;
using AspireAgent.Contracts;
using AspireAgent.ServiceDefaults.Problems;

namespace AspireAgent.Config.Endpoints;

/// <summary>Revisions in HTTP's terms (RFC 9110, section 13): <c>ETag: "7"</c>, <c>If-Match: "7"</c>.</summary>
internal static class Revisions
{
    private const int MostWhy = 1_024;

    /// <summary>Reads the revision that a write replaces; a problem where it names none.</summary>
    public static IResult? Read(HttpRequest request, out long revision)
    {
        revision = 0;
        var match = request.Headers.IfMatch.ToString();
        if (match.Length == 0 && request.Headers.IfNoneMatch == "*")
        {
            return null; // what is not there yet
        }

        return match.Length == 0 || match == "*"
            ? Problem.Of(
                StatusCodes.Status428PreconditionRequired, ProblemTypes.RevisionRequired,
                "If-Match must name the revision that this write replaces; \"0\" is that of what was never written.")
            : long.TryParse(match.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out revision) ? null
            : Stale(null);
    }

    /// <summary>A problem where a writer's reason is an essay: each is kept as often as what it explains.</summary>
    public static IResult? CheckWhy(string? why) => why is { Length: > MostWhy }
        ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"'why' has at most {MostWhy} characters.")
        : null;

    /// <summary>Tells the revision of what is answered.</summary>
    public static void Write(HttpResponse response, long revision) =>
        response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    public static IResult Stale(long? revision) => Problem.Of(
        StatusCodes.Status412PreconditionFailed, ProblemTypes.RevisionStale, "It has changed since: read it again and decide anew.",
        revision is null ? "If-Match is no revision." : $"It stands at revision {revision}.");
}
