using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Access;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Protocols.OpenAi;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;

namespace AspireAgent.Gateway;

internal static class GatewayRegistration
{
    private static readonly TimeSpan PodConnectTimeout = TimeSpan.FromSeconds(1);

    public static IServiceCollection AddGateway(this IServiceCollection services)
    {
        services.AddAccess();
        services.AddInstance(InstanceKind.Gateway, provider => () => provider.GetRequiredService<StreamLimit>().Total);
        services.AddHttpClient(PodClient.HttpClientName).AsStreaming(PodConnectTimeout, smallBuffers: true);
        services.AddSingleton<PodDirectory>().AddSingleton<PodClient>().AddSingleton<SessionStream>()
            .AddHostedService(provider => provider.GetRequiredService<PodDirectory>());
        services.AddHealthChecks().AddCheck<PodDirectory>("agents");
        services.AddOptionsWithValidateOnStart<ConnectionOptions, ConnectionOptionsValidator>().BindConfiguration(ConnectionOptions.Section);
        services.AddSingleton<SubscriptionCount>().AddSingleton<GatewayMetrics>().AddDraining<Connections>();
        return services.AddAdminForwarding().AddOpenAi();
    }
}
