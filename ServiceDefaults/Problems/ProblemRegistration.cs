using System.Diagnostics;
using AspireAgent.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.ServiceDefaults.Problems;

/// <summary>Every answer of status 400 or above has a problem as its body, with a stable type.</summary>
public static class ProblemRegistration
{
    internal static void AddProblems(this IServiceCollection services)
    {
        services.AddExceptionHandler<BadRequestHandler>();
        services.Configure<ExceptionHandlerOptions>(options => options.SuppressDiagnosticsCallback =
            context => context.Exception is BadHttpRequestException or OperationCanceledException);
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            var problem = context.ProblemDetails;
            problem.Extensions["traceId"] = Activity.Current?.TraceId.ToString() ?? context.HttpContext.TraceIdentifier;
            if (problem.Type?.StartsWith(ProblemTypes.Prefix, StringComparison.Ordinal) == true)
            {
                return;
            }

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
        });
    }

    /// <summary>Turns exceptions and empty error answers into problems. Call it before everything else.</summary>
    public static WebApplication UseProblems(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        return app;
    }
}
