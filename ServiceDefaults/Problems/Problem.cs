using System.ComponentModel.DataAnnotations;
using AspireAgent.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace AspireAgent.ServiceDefaults.Problems;

/// <summary>Problem details (RFC 9457) with our stable types.</summary>
public static class Problem
{
    /// <summary>A problem as a result of an endpoint.</summary>
    public static ProblemHttpResult Of(
        int status, string type, string title, string? detail = null, IReadOnlyDictionary<string, string[]>? errors = null) =>
        TypedResults.Problem(
            detail, statusCode: status, title: title, type: type,
            extensions: errors is null ? null : [new KeyValuePair<string, object?>("errors", errors)]);

    /// <summary>Gives a problem that the framework made, from a bare status, our type and words for it.</summary>
    public static void Complete(ProblemDetails problem, int status)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (problem.Type?.StartsWith(ProblemTypes.Prefix, StringComparison.Ordinal) == true)
        {
            return;
        }

        problem.Status ??= status;
        (problem.Type, problem.Title) = problem.Status switch
        {
            StatusCodes.Status401Unauthorized => (ProblemTypes.Unauthenticated, "A valid key or token is needed."),
            StatusCodes.Status403Forbidden => (ProblemTypes.Forbidden, "Your role does not allow this."),
            StatusCodes.Status404NotFound => (ProblemTypes.NotFound, "There is nothing here."),
            StatusCodes.Status413PayloadTooLarge => (ProblemTypes.BodyTooLarge, "The body is too large."),
            StatusCodes.Status415UnsupportedMediaType => (ProblemTypes.UnsupportedMediaType, "The body must be application/json."),
            < StatusCodes.Status500InternalServerError => (ProblemTypes.InvalidRequest, problem.Title ?? "The request is not valid."),
            StatusCodes.Status503ServiceUnavailable or StatusCodes.Status502BadGateway or StatusCodes.Status504GatewayTimeout =>
                (ProblemTypes.Unavailable, "The service cannot answer now."),
            _ => (ProblemTypes.Internal, "Something went wrong here."),
        };
    }

    /// <summary>A problem of every attribute that <paramref name="request"/> violates; null: none.</summary>
    public static ProblemHttpResult? Validate(object request)
    {
        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(request, new ValidationContext(request), results, validateAllProperties: true))
        {
            return null;
        }

        var errors = results
            .SelectMany(result => result.MemberNames.DefaultIfEmpty(""), (result, member) => (Member: Camel(member), result.ErrorMessage))
            .GroupBy(error => error.Member, error => error.ErrorMessage ?? "invalid")
            .ToDictionary(group => group.Key, group => group.ToArray());
        return Of(
            StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The request is not valid.",
            string.Join(' ', errors.Values.SelectMany(messages => messages)), errors);
    }

    private static string Camel(string name) => name.Length == 0 ? name : char.ToLowerInvariant(name[0]) + name[1..];
}
