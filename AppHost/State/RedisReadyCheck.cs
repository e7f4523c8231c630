using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AspireAgent.AppHost.State;

/// <summary>Whether the server answers PING with our password.</summary>
internal sealed class RedisReadyCheck(ReferenceExpression connectionString) : IHealthCheck
{
    private const int TimeoutMilliseconds = 1_000;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var options = ConfigurationOptions.Parse(await connectionString.GetValueAsync(cancellationToken) ?? "");
            (options.ConnectTimeout, options.ConnectRetry) = (TimeoutMilliseconds, 0);
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellationToken);
            await connection.GetDatabase().PingAsync().WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or InvalidOperationException)
        {
            return HealthCheckResult.Unhealthy(exception: exception);
        }
    }
}
