using System.Diagnostics;
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
            Problem.Complete(context.ProblemDetails, context.HttpContext.Response.StatusCode);
            context.ProblemDetails.Extensions["traceId"] =
                Activity.Current?.TraceId.ToString() ?? context.HttpContext.TraceIdentifier;
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
