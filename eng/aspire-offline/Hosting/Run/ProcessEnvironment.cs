using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Run;

/// <summary>Aspire's contract with a resource: its environment variables and arguments.</summary>
internal sealed class ProcessEnvironment(DistributedApplicationBuilder builder, string? dashboardEndpoint)
{
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "DOTNET_LAUNCH_PROFILE"];

    public async Task ApplyAsync(
        ProcessStartInfo start, IResourceWithEnvironment resource, string id, int replica, CancellationToken cancellationToken)
    {
        foreach (var name in NotInherited)
        {
            start.Environment.Remove(name);
        }

        var context = new EnvironmentCallbackContext(builder.ExecutionContext, resource, Defaults(resource, id, replica), cancellationToken);
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await callback.Callback(context);
        }

        foreach (var (name, value) in context.EnvironmentVariables)
        {
            start.Environment[name] = await ResolveAsync(value, cancellationToken);
        }

        var args = new CommandLineArgsCallbackContext([], resource, cancellationToken);
        foreach (var callback in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await callback.Callback(args);
        }

        foreach (var arg in args.Args)
        {
            start.ArgumentList.Add(await ResolveAsync(arg, cancellationToken));
        }
    }

    private static async ValueTask<string> ResolveAsync(object value, CancellationToken cancellationToken) =>
        (value is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) : value.ToString()) ?? "";

    private Dictionary<string, object> Defaults(IResource resource, string id, int replica)
    {
        var variables = new Dictionary<string, object>();
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.PortVariable is not null))
        {
            variables[endpoint.PortVariable!] = endpoint.Allocated[replica].ToString();
        }

        if (resource is not ProjectResource)
        {
            return variables;
        }

        var urls = resource.Annotations.OfType<EndpointAnnotation>()
            .Where(endpoint => endpoint.UriScheme is "http" or "https")
            .Select(endpoint => $"{endpoint.UriScheme}://localhost:{endpoint.Allocated[replica]}").ToList();
        if (urls.Count > 0)
        {
            variables["ASPNETCORE_URLS"] = string.Join(';', urls);
        }

        variables["OTEL_SERVICE_NAME"] = resource.Name;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={id}";
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        if (dashboardEndpoint is not null)
        {
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = dashboardEndpoint;
            variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={builder.Configuration["AppHost:OtlpApiKey"]}";
        }

        if (builder.Environment.IsDevelopment())
        {
            variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        }

        return variables;
    }
}
