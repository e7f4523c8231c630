using System.Text.Json;
using AspireAgent.Contracts;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace AspireAgent.ServiceDefaults.Problems;

/// <summary>What a client got wrong about a body or a parameter, told to it: where, and what was expected.</summary>
internal sealed class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
        {
            return false;
        }

        var (type, title) = bad.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => (ProblemTypes.BodyTooLarge, "The body is too large."),
            StatusCodes.Status415UnsupportedMediaType => (ProblemTypes.UnsupportedMediaType, "The body must be application/json."),
            _ when bad.InnerException is JsonException => (ProblemTypes.MalformedBody, "The body is not the JSON that is expected here."),
            _ => (ProblemTypes.InvalidRequest, "The request is not valid."),
        };
        httpContext.Response.StatusCode = bad.StatusCode;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new ProblemDetails
            {
                Status = bad.StatusCode,
                Type = type,
                Title = title,
                Detail = bad.InnerException is JsonException json ? Explain(json) : bad.Message,
            },
        });
    }

    /// <summary>Where the JSON broke, and the reader's own words, which name types and members but no values.</summary>
    internal static string Explain(JsonException json)
    {
        var text = json.Message;
        var cut = text.IndexOf(" Path: ", StringComparison.Ordinal);
        var reason = cut < 0 ? text : text[..cut];
        return $"{reason} At {json.Path ?? "$"}, line {(json.LineNumber ?? 0) + 1}.";
    }
}
