using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Run;

/// <summary>The real Aspire dashboard, as the npm package of the Aspire CLI unpacks it (see eng/dashboard).</summary>
internal static class Dashboard
{
    /// <summary>Null where it is switched off or not installed.</summary>
    public static Instance? Find(DistributedApplicationBuilder builder)
    {
        var program = builder.Configuration["ASPIRE_DASHBOARD_PATH"];
        if (builder.Options.DisableDashboard || string.IsNullOrEmpty(program) || !File.Exists(program))
        {
            return null;
        }

        var configuration = builder.Configuration;
        var resource = new ExecutableResource("aspire-dashboard", program, Path.GetDirectoryName(program)!);
        var dashboard = new ResourceBuilder<ExecutableResource>(builder, resource)
            .WithArgs(context => context.Args.Add("dashboard"))
            .WithEnvironment("ASPNETCORE_URLS", configuration["ASPNETCORE_URLS"])
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Production")
            .WithEnvironment("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"])
            .WithEnvironment("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", configuration["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"])
            .WithEnvironment("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "") // there is none here
            .WithEnvironment("DASHBOARD__FRONTEND__AUTHMODE", "BrowserToken")
            .WithEnvironment("DASHBOARD__FRONTEND__BROWSERTOKEN", configuration["AppHost:BrowserToken"])
            .WithEnvironment("DASHBOARD__OTLP__AUTHMODE", "ApiKey")
            .WithEnvironment("DASHBOARD__OTLP__PRIMARYAPIKEY", configuration["AppHost:OtlpApiKey"])
            .WithEnvironment("ASPIRE_DASHBOARD_TELEMETRY_OPTOUT", "true");
        return Instance.Of(builder, dashboard.Resource, replica: 0, replicas: 1);
    }
}
