using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;

namespace AspireAgent.Gateway.Protocols;

/// <summary>What a session's stream may be refused with, whatever its protocol.</summary>
internal static class StreamProblems
{
    /// <summary>What is wrong with a cursor.</summary>
    public const string BadCursor = "A cursor is a seq, or an id of this stream.";

    /// <summary>A cursor that is none; null: it is one, or there is none.</summary>
    public static IResult? OfCursor(string? cursor) => cursor is null || Cursor.TryParse(cursor, out _)
        ? null
        : Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, BadCursor);

    /// <summary>This gateway goes; another one answers.</summary>
    public static IResult Draining() => Problem.Of(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "This gateway closes for maintenance; come back.");
}
