using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Access;
using AspireAgent.Gateway.Protocols.OpenAi;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Gateway;

internal static class GatewayRegistration
{
    private static readonly TimeSpan PodConnectTimeout = TimeSpan.FromSeconds(1);

    public static IServiceCollection AddGateway(this IServiceCollection services)
    {
        services.AddAccess();
        services.AddInstance(InstanceKind.Gateway, provider => () => provider.GetRequiredService<StreamLimit>().Total);
        services.AddHttpClient(PodClient.HttpClientName).AsStreaming(PodConnectTimeout);
        services.AddSingleton<PodDirectory>().AddSingleton<PodClient>().AddSingleton<SessionStream>()
            .AddHostedService(provider => provider.GetRequiredService<PodDirectory>());
        services.AddHealthChecks().AddCheck<PodDirectory>("agents");
        return services.AddAdminForwarding().AddOpenAi();
    }

    /// <summary><c>GET /v1/instances</c>: every pod that is alive.</summary>
    public static void MapInstances(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/instances", async Task<Ok<IReadOnlyList<InstanceInfo>>> (InstanceRegistry registry) =>
            TypedResults.Ok(await registry.ListAsync())).RequireAuthorization(TrustRegistration.OperatorPolicy);
}
