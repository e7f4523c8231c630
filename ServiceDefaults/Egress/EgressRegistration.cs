using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AspireAgent.ServiceDefaults.Egress;

/// <summary>Puts clients that leave the system under <see cref="EgressOptions"/>.</summary>
public static class EgressRegistration
{
    /// <summary>
    /// Has the client connect only where egress is allowed, follow no redirect, and use no proxy: with one, the address that is
    /// judged would be the proxy's. Call it last, on a client whose handler is a <see cref="SocketsHttpHandler"/>; it takes its
    /// <see cref="SocketsHttpHandler.ConnectCallback"/>.
    /// </summary>
    public static IHttpClientBuilder WithEgress(this IHttpClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddOptionsWithValidateOnStart<EgressOptions, EgressOptionsValidator>().BindConfiguration(EgressOptions.Section);
        client.Services.TryAddSingleton<EgressConnector>();
        return client.ConfigurePrimaryHttpMessageHandler((handler, provider) =>
        {
            var sockets = (SocketsHttpHandler)handler;
            sockets.ConnectCallback = provider.GetRequiredService<EgressConnector>().ConnectAsync;
            sockets.AllowAutoRedirect = false;
            sockets.UseProxy = false;
        });
    }
}
