using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.AppHost.Development;

/// <summary>Follows every resource's state: prints it, keeps the run file true, and restarts what ends if that is wanted.</summary>
internal sealed class RunReporter(
    ResourceNotificationService notifications, ResourceCommandService commands, DevelopmentKeys keys, IConfiguration configuration)
    : BackgroundService
{
    // Those that must be healthy before the whole is ready, by what each process is called.
    private static readonly string[] Required = ["redis-server", "config", "budget", "chaos", "agent", "gateway"];

    private readonly Dictionary<string, ResourceEvent> _latest = [];
    private readonly string? _file = configuration["Run:File"];
    private readonly bool _restart = configuration.GetValue("Restart", false);
    private bool _ready;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_file is not null)
        {
            File.Delete(_file);
        }

        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource is ProjectResource or ExecutableResource or ContainerResource)
                {
                    await FollowAsync(change, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
        finally
        {
            if (_file is not null)
            {
                File.Delete(_file);
            }
        }
    }

    private async Task FollowAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        var before = _latest.GetValueOrDefault(change.ResourceId)?.Snapshot;
        _latest[change.ResourceId] = change;
        var now = change.Snapshot;
        if (_file is not null && (before?.State?.Text, before?.HealthStatus) != (now.State?.Text, now.HealthStatus))
        {
            var health = now.HealthStatus is { } status ? $", {status.ToString().ToLowerInvariant()}" : "";
            Console.WriteLine($"  {change.ResourceId,-18} {now.State?.Text.ToLowerInvariant()}{health}");
        }

        if (_restart && _ready && now.State?.Text is { } state && state != KnownResourceStates.FailedToStart
            && KnownResourceStates.TerminalStates.Contains(state))
        {
            await commands.ExecuteCommandAsync(change.ResourceId, KnownResourceCommands.StartCommand, cancellationToken);
        }

        var wasReady = _ready;
        _ready |= IsHealthy();
        if (_file is null || !_ready)
        {
            return;
        }

        RunFile.Write(_file, _latest.Values, DashboardUrl(), keys.Keys);
        if (!wasReady)
        {
            RunFile.Announce(_latest.Values, DashboardUrl(), _file);
        }
    }

    private bool IsHealthy() =>
        Required.Where(name => name != "redis-server" || configuration["Redis:Mode"] is not ("external" or "container"))
            .All(name => _latest.Values.Any(known => known.Resource.Name == name))
        && _latest.Values.All(known => known.Snapshot.HealthStatus is HealthStatus.Healthy);

    // Null without a dashboard: on the offline side it is a program of its own that may not be installed.
    private string? DashboardUrl() =>
        _latest.Values.Any(known => known.Resource.Name == "aspire-dashboard")
        && configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { } url && configuration["AppHost:BrowserToken"] is { } token
            ? $"{url}/login?t={token}"
            : null;
}
