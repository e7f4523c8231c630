using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Egress;
using AspireAgent.ServiceDefaults.Secrets;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models.Clients;

internal static class RouteClientsRegistration
{
    /// <summary>Registers <see cref="RouteClients"/>, and <see cref="ModelOptions"/> that follow their sources while those are valid.</summary>
    public static IServiceCollection AddRouteClients(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<ModelOptions, ModelOptionsValidator>().BindConfiguration(ModelOptions.Section);
        services.AddSingleton<IValidateOptions<ModelOptions>, RouteRules>()
            .AddSingleton<IOptionsMonitor<ModelOptions>, LastGoodOptions<ModelOptions>>();
        services.AddHttpClient(ModelCatalog.HttpClientName).AsStreaming().WithEgress();
        return services.AddSingleton<RouteClients>();
    }
}
