using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>
/// Drains this process: by an operator's order, which may be changed or taken back until the hard deadline, or because it was told
/// to end. While it drains it is not ready, and the registry says so.
/// </summary>
internal sealed partial class Drainer(
    IDrainWork work, LocalInstance local, DrainOrders orders, IOptions<DrainOptions> options, IHostApplicationLifetime lifetime,
    TimeProvider time, ILogger<Drainer> logger) : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _changed = new(1, 1);
    private int _isTerminating;
    private volatile bool _listens;

    /// <summary>Drains within the grace period, and ends the process.</summary>
    public async Task TerminateAsync()
    {
        if (Interlocked.Exchange(ref _isTerminating, 1) == 1)
        {
            lifetime.StopApplication(); // whoever says it twice does not want to wait
            return;
        }

        var now = time.GetUtcNow();
        try
        {
            await WorkAsync(new DrainStatus(now, now + options.Value.GracePeriod, 0, true), isTerminating: true, lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Told twice, or ended by somebody else.
        }
        finally
        {
            lifetime.StopApplication();
        }
    }

    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            local.IsDraining ? HealthCheckResult.Unhealthy("It drains.")
            : _listens ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("It cannot be told to drain yet."));

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await orders.CancelAsync(local.Name);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogBroke(exception.GetType().Name); // its next start does it
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DrainStatus? order = null;
        var (running, undrained) = (Task.CompletedTask, new CancellationTokenSource());
        try
        {
            await ListenAsync(stoppingToken);
            while (true)
            {
                await _changed.WaitAsync(LookEvery, stoppingToken);
                if (local.IsDraining)
                {
                    local.Tell(); // how far it has come
                }

                var now = await ReadAsync(order);
                if (Volatile.Read(ref _isTerminating) == 1 || now == order)
                {
                    continue;
                }

                await undrained.CancelAsync();
                await running;
                if (Volatile.Read(ref _isTerminating) == 1)
                {
                    continue; // told to end meanwhile, which no order takes back
                }

                undrained.Dispose();
                undrained = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                (order, running) = (now, now is null ? Undrain() : DrainAsync(now, undrained.Token));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await undrained.CancelAsync();
            await running;
        }
        finally
        {
            undrained.Dispose();
        }
    }

    // Nobody knows of this instance before it is healthy, so what it had been told until now was meant for a namesake.
    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        while (!_listens)
        {
            try
            {
                await orders.WatchAsync(local.Name, Wake);
                await orders.CancelAsync(local.Name);
                _listens = true;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                LogBroke(exception.GetType().Name);
                await Task.Delay(LookEvery, time, stoppingToken);
            }
        }
    }

    private async Task DrainAsync(DrainStatus order, CancellationToken undrained)
    {
        try
        {
            await WorkAsync(order, isTerminating: false, undrained);
            if (order.HardAt - time.GetUtcNow() is { Ticks: > 0 } left)
            {
                await Task.Delay(left, time, undrained); // empty, but still to be undrained
            }

            if (order.Exit)
            {
                LogDrained(local.Name);
                lifetime.StopApplication();
            }
        }
        catch (OperationCanceledException) when (undrained.IsCancellationRequested)
        {
            // Undrained, drained by another order, or told to end.
        }
    }

    // A store that is away for a while puts it off; only who is told to end does not wait for it beyond the deadline.
    private async Task WorkAsync(DrainStatus drain, bool isTerminating, CancellationToken cancelled)
    {
        var begun = drain with { Sessions = local.Drain?.Sessions ?? local.Sessions };
        local.ReportDrain(begun);
        LogDraining(local.Name, local.Sessions, drain.HardAt);
        while (true)
        {
            try
            {
                await work.DrainAsync(begun, isTerminating, cancelled);
                return;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                LogBroke(exception.GetType().Name);
                if (isTerminating && time.GetUtcNow() >= drain.HardAt)
                {
                    return;
                }
            }

            await Task.Delay(LookEvery, time, cancelled);
        }
    }

    private Task Undrain()
    {
        local.ReportDrain(null);
        LogUndrained(local.Name);
        return Task.CompletedTask;
    }

    private async Task<DrainStatus?> ReadAsync(DrainStatus? known)
    {
        try
        {
            return await orders.ReadAsync(local.Name);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return known;
        }
    }

    private void Wake()
    {
        lock (_changed)
        {
            if (_changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Instance} drains {Sessions} sessions until {HardAt:O}.")]
    private partial void LogDraining(string instance, int sessions, DateTimeOffset hardAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Instance} is drained and ends.")]
    private partial void LogDrained(string instance);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Instance} takes work again.")]
    private partial void LogUndrained(string instance);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The drain met a store that cannot be reached ({Reason}).")]
    private partial void LogBroke(string reason);
}
