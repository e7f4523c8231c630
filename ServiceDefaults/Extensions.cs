using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan StreamConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StreamConnectionLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Registers the defaults. Call it first.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
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
    /// For a client whose answers are streams, or that is itself retried by its caller: no retries, no time-outs but the
    /// caller's own.
    /// </summary>
    public static IHttpClientBuilder AsStreaming(this IHttpClientBuilder client, TimeSpan? connectTimeout = null)
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
}
