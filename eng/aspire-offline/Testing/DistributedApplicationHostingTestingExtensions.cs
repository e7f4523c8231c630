using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Testing;

public static class DistributedApplicationHostingTestingExtensions
{
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        client.BaseAddress = app.GetEndpoint(resourceName, endpointName);
        return client;
    }

    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = null) =>
        Find(app, resourceName) is IResourceWithEndpoints resource
            ? new Uri(new EndpointReference(resource, endpointName ?? "http").Url)
            : throw new ArgumentException($"Resource '{resourceName}' has no endpoints.", nameof(resourceName));

    public static ValueTask<string?> GetConnectionStringAsync(
        this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default) =>
        Find(app, resourceName) is IResourceWithConnectionString resource
            ? resource.GetConnectionStringAsync(cancellationToken)
            : throw new ArgumentException($"Resource '{resourceName}' has no connection string.", nameof(resourceName));

    private static IResource Find(DistributedApplication app, string name) =>
        app.Services.GetRequiredService<DistributedApplicationBuilder>().Resources
            .Find(resource => string.Equals(resource.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"Resource '{name}' not found.", nameof(name));
}
