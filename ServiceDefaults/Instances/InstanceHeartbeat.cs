using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>Keeps this process in the registry from the moment that it listens and is healthy to its end.</summary>
internal sealed partial class InstanceHeartbeat(
    LocalInstance instance, InstanceRegistry registry, IConnectionMultiplexer redis, HealthCheckService health, IHostApplicationLifetime lifetime,
    TimeProvider time, ILogger<InstanceHeartbeat> logger) : BackgroundService
{
    private static readonly TimeSpan UntilHealthyEvery = TimeSpan.FromMilliseconds(100);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await registry.RemoveAsync(instance.Name);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogUnreachable(exception.GetType().Name);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        using var timer = new PeriodicTimer(InstanceRegistry.HeartbeatEvery, time);
        try
        {
            await started.Task.WaitAsync(stoppingToken);
            while ((await health.CheckHealthAsync(stoppingToken)).Status is not HealthStatus.Healthy)
            {
                await Task.Delay(UntilHealthyEvery, time, stoppingToken);
            }

            redis.ConnectionRestored += TellAgain; // a Redis that was away may have seen us lapse
            var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            while (true)
            {
                var changed = instance.Changed; // before the beat: what changes meanwhile gets one of its own
                await BeatAsync();
                if (await Task.WhenAny(tick, changed) == tick)
                {
                    await tick;
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
        finally
        {
            redis.ConnectionRestored -= TellAgain;
        }

        void TellAgain(object? sender, ConnectionFailedEventArgs restored) => instance.Tell();
    }

    private async Task BeatAsync()
    {
        try
        {
            if (instance.Describe() is { } now)
            {
                await registry.WriteAsync(now);
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogUnreachable(exception.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registry of instances cannot be reached ({Reason}); trying again.")]
    private partial void LogUnreachable(string reason);
}
