using System.Reactive.Concurrency;
using AspireAgent.Config.Endpoints;
using AspireAgent.Config.Layers;
using AspireAgent.Config.Releases;
using AspireAgent.Config.Sources;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Config;

internal static class ConfigRegistration
{
    public static IServiceCollection AddConfig(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptionsWithValidateOnStart<ConfigOptions, ConfigOptionsValidator>().BindConfiguration(ConfigOptions.Section);
        services
            .AddSingleton(provider => new SignalSnapshots<ConfigLayers>(
                provider.GetRequiredService<IConnectionMultiplexer>(), ConfigKeys.Signal, WireJson.Tolerant.ConfigLayers))
            .AddSignalPublisher<ConfigLayers, ConfigSource>()
            .AddSingleton<ConfigStore>().AddSingleton<LayerWriter>().AddSingleton<ReleaseWriter>()
            .AddSingleton<LayerFeeds>().AddSingleton<IScheduler>(DefaultScheduler.Instance).AddHostedService<LayerFeeder>()
            .AddSingleton<InstanceRegistry>();
        foreach (var (scope, path) in configuration.GetSection(ConfigOptions.Section).Get<ConfigOptions>()?.Files ?? [])
        {
            services.AddSingleton<ILayerSource>(provider => new FileLayerSource(
                Scope.Parse(scope) ?? throw new OptionsValidationException(nameof(ConfigOptions.Files), typeof(ConfigOptions), [$"Config:Files:{scope} is no scope."]),
                path, provider.GetRequiredService<IScheduler>(), provider.GetRequiredService<ILogger<FileLayerSource>>()));
        }

        return services;
    }

    public static void MapConfig(this IEndpointRouteBuilder routes)
    {
        var config = routes.MapGroup("/v1/config").RequireAuthorization(TrustRegistration.OperatorPolicy).AddEndpointFilter<StoreFilter>();
        config.MapLayers();
        config.MapReleases();
        config.MapEffective();
        config.MapConvergence();
        config.MapSchema();
        config.MapAudit();
        routes.MapSignal<ConfigLayers>("/v1/config/signal", WireJson.Types.ConfigLayers).RequireAuthorization(TrustRegistration.ServicePolicy);
    }
}
