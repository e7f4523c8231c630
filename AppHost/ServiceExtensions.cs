using Microsoft.Extensions.Configuration;

namespace AspireAgent.AppHost;

/// <summary>What all our services have in common, as resources.</summary>
internal static class ServiceExtensions
{
    private const int PreferredGatewayPort = 8080;

    /// <summary>The key under the services' own tokens (ServiceDefaults, Trust): random, and new with each start.</summary>
    public static IResourceBuilder<ParameterResource> AddTrustKey(this IDistributedApplicationBuilder builder) =>
        builder.AddParameter("trust-key", new GenerateParameterDefault { MinLength = 48, Special = false }, secret: true);

    /// <summary>A service on an HTTP port of its own, healthy when its <c>/health</c> says so.</summary>
    public static IResourceBuilder<ProjectResource> AddService<TProject>(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> trust, int? port = null)
        where TProject : IProjectMetadata, new() =>
        builder.AddProject<TProject>(name, options => options.ExcludeLaunchProfile = true)
            .WithHttpEndpoint(port)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithEnvironment("Trust__Key", trust)
            .WithHttpHealthCheck("/health");

    /// <summary>Passes sections of the AppHost's own configuration on, so that <c>./run -- --Sessions:KeptTurns=10</c> sets what it says.</summary>
    public static IResourceBuilder<ProjectResource> WithSettings(
        this IResourceBuilder<ProjectResource> service, IConfiguration configuration, params string[] sections)
    {
        foreach (var setting in sections.SelectMany(section => configuration.GetSection(section).AsEnumerable()).Where(setting => setting.Value is not null))
        {
            service.WithEnvironment(setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value);
        }

        return service;
    }

    /// <summary>Gateway:Port, else 8080 when that is free, else any.</summary>
    public static int? GatewayPort(this IDistributedApplicationBuilder builder) =>
        builder.Configuration.GetValue<int?>("Gateway:Port")
        ?? (LocalPorts.IsFree(PreferredGatewayPort) ? PreferredGatewayPort : null);
}
