using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AspireAgent.Signals.Subscribing;

/// <summary>Subscribes a service to a signal.</summary>
public static class SignalRegistration
{
    /// <summary>
    /// Registers <see cref="ISignal{T}"/>, followed at <paramref name="address"/>. Where it may fall back on something old, it is
    /// needed: the service is not ready before the first value. The host configures the <see cref="HttpClient"/> named
    /// <see cref="SignalClient{T}.HttpClientName"/>.
    /// </summary>
    public static IServiceCollection AddSignal<T>(
        this IServiceCollection services, string kind, Uri address, JsonTypeInfo<T> json, SignalFallback fallback)
    {
        services.AddOptions<SignalOptions>().BindConfiguration(SignalOptions.Section);
        if (fallback is not SignalFallback.None)
        {
            services.AddHealthChecks().Add(new HealthCheckRegistration(
                $"signal-{kind}",
                provider => new FirstValueCheck<T>(provider.GetRequiredService<SignalClient<T>>()), HealthStatus.Unhealthy, tags: null));
        }

        return services
            .AddSingleton(new SignalClientOptions<T>(kind, address, json, fallback))
            .AddSingleton(provider => new SignalSnapshots<T>(provider.GetRequiredService<IConnectionMultiplexer>(), kind, json))
            .AddSingleton<SignalClient<T>>()
            .AddSingleton<ISignal<T>>(provider => provider.GetRequiredService<SignalClient<T>>())
            .AddHostedService(provider => provider.GetRequiredService<SignalClient<T>>());
    }

    private sealed class FirstValueCheck<T>(SignalClient<T> signal) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(signal.Current is { } current
                ? HealthCheckResult.Healthy($"revision {current.Revision} from {signal.Origin.ToString().ToLowerInvariant()}")
                : HealthCheckResult.Unhealthy("no value yet"));
    }
}
