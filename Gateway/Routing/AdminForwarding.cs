using System.Net;
using System.Net.Http.Headers;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.Extensions.ServiceDiscovery;
using Yarp.ReverseProxy.Forwarder;

namespace AspireAgent.Gateway.Routing;

/// <summary>The services' admin surfaces, for operators, forwarded in the operator's name.</summary>
internal static class AdminForwarding
{
    private static readonly string[] Services = ["config", "budget", "chaos"];

    public static IServiceCollection AddAdminForwarding(this IServiceCollection services) =>
        services.AddHttpForwarder().AddSingleton<AdminForwarder>();

    public static void MapAdminForwarding(this IEndpointRouteBuilder routes)
    {
        foreach (var service in Services)
        {
            routes.Map($"/v1/{service}/{{**rest}}", (HttpContext context, AdminForwarder forwarder) => forwarder.ForwardAsync(context, service))
                .RequireAuthorization(TrustRegistration.OperatorPolicy);
        }
    }
}

internal sealed class AdminForwarder(
    IHttpForwarder forwarder, ServiceEndpointResolver resolver, TrustTokens tokens, IHostApplicationLifetime lifetime) : IDisposable
{
    // Signals are streams: only silence ends them, and they give a sign of life each second.
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(30) };

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });

    public async Task ForwardAsync(HttpContext context, string service)
    {
        var endpoints = await resolver.GetEndpointsAsync($"http://{service}", context.RequestAborted);
        if (endpoints.Endpoints is not [{ EndPoint: var endpoint }, ..] || endpoint.ToString() is not { } address)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        // A signal has no end of its own: it does not outlive this gateway's.
        await forwarder.SendAsync(context, address, _client, Config, new InTheCallersName(tokens), lifetime.ApplicationStopping);
    }

    public void Dispose() => _client.Dispose();

    private sealed class InTheCallersName(TrustTokens tokens) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Mint(Caller.Of(httpContext.User)));
        }
    }
}
