using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.AppHost.Development;

internal static class RunReportExtensions
{
    /// <summary>
    /// Tells the progress of the start, and with --Run:File=PATH writes what a developer needs to know there. With
    /// --Restart=true a process that ends is started again.
    /// </summary>
    public static void AddRunReport(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode && builder.Environment.IsDevelopment())
        {
            builder.Services.AddHostedService<RunReporter>();
        }
    }
}
