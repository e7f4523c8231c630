using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models;

internal static class ModelRegistration
{
    /// <summary>Routes, plans and what runs them. Health follows the global layer: it is the pod's, not a tenant's.</summary>
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        services.AddRouteClients();
        services.AddSingleton<ModelMetrics>();
        services.AddSingleton(provider => new PlanRunner(Knobs(provider), provider.GetRequiredService<ModelMetrics>(), DefaultScheduler.Instance));
        return services.AddSingleton(CreateCatalog);
    }

    private static ModelCatalog CreateCatalog(IServiceProvider provider)
    {
        var (metrics, time) = (provider.GetRequiredService<ModelMetrics>(), provider.GetRequiredService<TimeProvider>());
        return ModelCatalog.FromOptions(
            provider.GetRequiredService<IOptions<ModelOptions>>().Value,
            provider.GetRequiredService<RouteClients>().Create,
            route => new RouteCaller(
                route, new RouteHealth(route, Knobs(provider), metrics, time, DefaultScheduler.Instance, Random.Shared,
                    provider.GetRequiredService<ConfigSignals>().Global.Select(config => config.Live.Guards).DistinctUntilChanged()), metrics, time,
                DefaultScheduler.Instance));
    }

    private static IObservable<ResilienceKnobs> Knobs(IServiceProvider provider) => provider.GetRequiredService<ConfigSignals>().Global
        .Select(config => config.Live.Resilience)
        .DistinctUntilChanged();
}
