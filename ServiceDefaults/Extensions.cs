using System.Net.Sockets;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Secrets;
using AspireAgent.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;

namespace AspireAgent.ServiceDefaults;

/// <summary>What every service has: telemetry, health, discovery, resilient HTTP, problem details, a graceful end.</summary>
public static class Extensions
{
    /// <summary>Largest request body of any service; bytes.</summary>
    public const long MaxBodyBytes = 1_048_576;

    private const string LiveTag = "live";
    private const int StreamBufferBytes = 65_536;
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan StreamConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StreamConnectionLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Registers the defaults. Call it first.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        builder.AddSecrets();
        builder.AddTelemetry();
        services.TryAddSingleton(TimeProvider.System);
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery()
            .AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods()));
        services.AddProblems();
        services.ConfigureHttpJsonOptions(json => WireJson.Apply(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        return builder;
    }

    /// <summary>Registers the connection to Redis, <c>ConnectionStrings:redis</c>. It is made in the background and made again after a loss.</summary>
    public static WebApplicationBuilder AddRedis(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddRedisClient("redis", configureOptions: options => options.AbortOnConnectFail = false);
        return builder;
    }

    /// <summary>
    /// For a service that sends streams: what the machine keeps for a client that does not read is little, so that the service hears
    /// of it soon, and many of them hold no memory.
    /// </summary>
    public static WebApplicationBuilder WithSmallSendBuffers(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            var listener = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            listener.SendBufferSize = StreamBufferBytes; // what it accepts inherits it
            return listener;
        });
        return builder;
    }

    /// <summary>
    /// For a client whose answers are streams, or that is itself retried by its caller: no retries, no time-outs but the
    /// caller's own.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="connectTimeout">Longest wait for a connection.</param>
    /// <param name="smallBuffers">Whether what the machine receives ahead of its reader is little, as where streams are passed on.</param>
    public static IHttpClientBuilder AsStreaming(this IHttpClientBuilder client, TimeSpan? connectTimeout = null, bool smallBuffers = false)
    {
        ArgumentNullException.ThrowIfNull(client);
#pragma warning disable EXTEXP0001 // The only way out of a default handler; in preview since 9.0.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        return client
            .ConfigureHttpClient(http => http.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                // Who lets go of a stream closes its connection at once, and does not read on to its end.
                ResponseDrainTimeout = TimeSpan.Zero,
                MaxResponseDrainSize = 0,
                ConnectTimeout = connectTimeout ?? StreamConnectTimeout,
                PooledConnectionLifetime = StreamConnectionLifetime,
                AllowAutoRedirect = false,
                ConnectCallback = smallBuffers ? ConnectAsync : null,
            });
    }

    /// <summary>Maps <c>/alive</c> (the process answers) and <c>/health</c> (it can do its work); neither needs a key.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag) })
            .AllowAnonymous();
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = HealthReportWriter.WriteAsync })
            .AllowAnonymous();
        return app;
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = StreamBufferBytes };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
