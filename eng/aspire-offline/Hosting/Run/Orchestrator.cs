using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Run;

/// <summary>Starts every resource as child processes, in the order of their waits; watches them; stops them all.</summary>
internal sealed partial class Orchestrator(
    DistributedApplicationBuilder builder, ResourceNotificationService notifications, ResourceCommandService commands,
    HealthCheckService healthChecks, ILoggerFactory loggers, TimeProvider time) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan ProbeHealthyEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, Instance> _instances = new();
    private readonly ProcessGuardian _guardian = new();
    private readonly HttpClient _probe = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) }) { Timeout = TimeSpan.FromSeconds(5) };
    private readonly List<Task> _running = [];
    private readonly ILogger _logger = loggers.CreateLogger("Aspire.Hosting");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        commands.Execute = ExecuteAsync;
        var resources = builder.Resources
            .Where(resource => resource is ProjectResource or ExecutableResource)
            .Cast<IResourceWithEnvironment>().ToList();
        foreach (var resource in resources)
        {
            Ports.Allocate(resource, Replicas(resource));
        }

        var dashboard = Dashboard.Find(builder);
        if (dashboard is not null)
        {
            _instances[dashboard.Id] = dashboard;
            _running.Add(RunAsync(dashboard, new ProcessEnvironment(builder, dashboardEndpoint: null)));
        }

        var environment = new ProcessEnvironment(builder, dashboard is null ? null : builder.Configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]);
        foreach (var resource in resources)
        {
            for (var replica = 0; replica < Replicas(resource); replica++)
            {
                var instance = Instance.Of(builder, resource, replica, Replicas(resource));
                _instances[instance.Id] = instance;
                Publish(instance, KnownResourceStates.NotStarted);
                _running.Add(RunAsync(instance, environment));
            }
        }

        await Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        foreach (var wave in _instances.Values.GroupBy(instance => Depth(instance.Resource)).OrderByDescending(wave => wave.Key))
        {
            await Task.WhenAll(wave.Select(instance => instance.StopAsync(GracePeriod, time)));
        }

        await Task.WhenAll(_running);
        _guardian.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _probe.Dispose();
        _guardian.Dispose();
        _stopping.Dispose();
    }

    private static int Replicas(IResource resource) =>
        resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    // Who waits for others stops before them, so that a service can still write its last words.
    private static int Depth(IResource resource) =>
        1 + resource.Annotations.OfType<WaitForAnnotation>().Select(wait => Depth(wait.Dependency)).DefaultIfEmpty(0).Max();

    // One life of one process: wait for what it needs, start, probe until it ends.
    private async Task RunAsync(Instance instance, ProcessEnvironment environment)
    {
        instance.Environment = environment;
        try
        {
            Publish(instance, KnownResourceStates.Waiting);
            foreach (var wait in instance.Resource.Annotations.OfType<WaitForAnnotation>())
            {
                await WaitForAsync(wait.Dependency, _stopping.Token);
            }

            await instance.StartAsync(loggers, _stopping.Token);
            _guardian.Watch(instance.Pid);
            Publish(instance, KnownResourceStates.Running);
            if (_stopping.IsCancellationRequested)
            {
                await instance.StopAsync(GracePeriod, time); // its wave has passed
            }

            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var probing = ProbeAsync(instance, ended.Token);
            var exitCode = await instance.Ended;
            await ended.CancelAsync();
            await probing;
            Publish(instance, KnownResourceStates.Finished, exitCode: exitCode);
            if (!_stopping.IsCancellationRequested)
            {
                LogEnded(instance.Id, exitCode, instance.LastLines);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The application stops before this resource was up.
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or DistributedApplicationException)
        {
            LogFailedToStart(instance.Id, exception.Message);
            Publish(instance, KnownResourceStates.FailedToStart);
        }
    }

    private async Task WaitForAsync(IResource dependency, CancellationToken cancellationToken)
    {
        if (dependency is ProjectResource or ExecutableResource)
        {
            await foreach (var _ in notifications.WatchAsync(cancellationToken))
            {
                if (notifications.AllHealthy(dependency, Replicas(dependency)))
                {
                    return;
                }
            }
        }
    }

    private async Task ProbeAsync(Instance instance, CancellationToken cancellationToken)
    {
        HealthStatus? last = null;
        try
        {
            while (true)
            {
                var status = await CheckAsync(instance, cancellationToken);
                if (status != last)
                {
                    last = status;
                    Publish(instance, KnownResourceStates.Running, status);
                }

                await Task.Delay(status is HealthStatus.Healthy ? ProbeHealthyEvery : ProbeEvery, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process ended or the application stops.
        }
    }

    private async Task<HealthStatus> CheckAsync(Instance instance, CancellationToken cancellationToken)
    {
        var annotations = instance.Resource.Annotations;
        var keys = annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key).ToHashSet();
        if (keys.Count > 0)
        {
            var report = await healthChecks.CheckHealthAsync(check => keys.Contains(check.Name), cancellationToken);
            if (report.Status is not HealthStatus.Healthy)
            {
                return report.Status;
            }
        }

        foreach (var check in annotations.OfType<HttpHealthAnnotation>())
        {
            try
            {
                using var response = await _probe.GetAsync(new Uri($"http://127.0.0.1:{instance.Port(check.Endpoint)}{check.Path}"), cancellationToken);
                if ((int)response.StatusCode != check.StatusCode)
                {
                    return HealthStatus.Unhealthy;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException
                || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return HealthStatus.Unhealthy;
            }
        }

        return HealthStatus.Healthy;
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(string resourceId, string command, CancellationToken cancellationToken)
    {
        if (!_instances.TryGetValue(resourceId, out var instance))
        {
            return new ExecuteCommandResult { Success = false, Message = $"There is no resource '{resourceId}'." };
        }

        if (command == KnownResourceCommands.StopCommand)
        {
            await instance.StopAsync(GracePeriod, time);
            return new ExecuteCommandResult { Success = true };
        }

        if (command == KnownResourceCommands.StartCommand && !instance.IsRunning && !_stopping.IsCancellationRequested)
        {
            var environment = instance.Environment ?? new ProcessEnvironment(builder, builder.Configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]);
            lock (_running)
            {
                _running.Add(RunAsync(instance, environment));
            }

            return new ExecuteCommandResult { Success = true };
        }

        return new ExecuteCommandResult { Success = false, Message = $"'{command}' cannot be done to '{resourceId}' now." };
    }

    private void Publish(Instance instance, string state, HealthStatus? health = null, int? exitCode = null) =>
        notifications.Publish(new ResourceEvent(instance.Resource, instance.Id, new CustomResourceSnapshot
        {
            ResourceType = instance.Resource is ProjectResource ? "Project" : "Executable",
            State = state,
            HealthStatus = health,
            ExitCode = exitCode,
            Properties =
            [
                new("executable.path", instance.Command),
                new("executable.args", instance.Arguments),
                new("executable.pid", instance.IsRunning ? instance.Pid : null),
            ],
            Urls = [.. instance.Urls],
        }));

    [LoggerMessage(Level = LogLevel.Error, Message = "{Instance} ended with code {ExitCode}. Its last lines:\n{LastLines}")]
    private partial void LogEnded(string instance, int exitCode, string lastLines);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Instance} did not start: {Reason}")]
    private partial void LogFailedToStart(string instance, string reason);
}
