using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

public static class KnownResourceStates
{
    public static readonly string NotStarted = "NotStarted";
    public static readonly string Waiting = "Waiting";
    public static readonly string Starting = "Starting";
    public static readonly string Running = "Running";
    public static readonly string Stopping = "Stopping";
    public static readonly string Exited = "Exited";
    public static readonly string Finished = "Finished";
    public static readonly string FailedToStart = "FailedToStart";
    public static readonly IReadOnlyList<string> TerminalStates = [Finished, FailedToStart, Exited];
}

public static class KnownResourceCommands
{
    public static readonly string StartCommand = "start";
    public static readonly string StopCommand = "stop";
}

public sealed record ResourceStateSnapshot(string Text, string? Style)
{
    public static implicit operator ResourceStateSnapshot?(string? s) => s is null ? null : new(s, null);
}

public sealed record UrlSnapshot(string? Name, string Url, bool IsInternal);

public sealed record ResourcePropertySnapshot(string Name, object? Value);

public sealed record CustomResourceSnapshot
{
    public required string ResourceType { get; init; }

    public required ImmutableArray<ResourcePropertySnapshot> Properties { get; init; }

    public ResourceStateSnapshot? State { get; init; }

    public HealthStatus? HealthStatus { get; internal init; }

    public ImmutableArray<UrlSnapshot> Urls { get; init; } = [];

    public int? ExitCode { get; init; }
}

public class ResourceEvent(IResource resource, string resourceId, CustomResourceSnapshot snapshot)
{
    public IResource Resource { get; } = resource;

    public string ResourceId { get; } = resourceId;

    public CustomResourceSnapshot Snapshot { get; } = snapshot;
}

public sealed class ExecuteCommandResult
{
    public required bool Success { get; init; }

    public string? Message { get; init; }
}

public class ResourceCommandService
{
    internal Func<string, string, CancellationToken, Task<ExecuteCommandResult>>? Execute { get; set; }

    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        Execute?.Invoke(resourceId, commandName, cancellationToken)
        ?? Task.FromResult(new ExecuteCommandResult { Success = false, Message = "The application is not started." });
}

public class ResourceNotificationService
{
    private readonly ConcurrentDictionary<string, ResourceEvent> _current = new();
    private readonly ConcurrentDictionary<Channel<ResourceEvent>, byte> _watchers = new();
    private readonly Lock _gate = new();

    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (_gate)
        {
            foreach (var known in _current.Values)
            {
                channel.Writer.TryWrite(known);
            }

            _watchers[channel] = 0;
        }

        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            _watchers.TryRemove(channel, out _);
        }
    }

    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken))
        {
            if (string.Equals(change.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(change))
            {
                return change;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }

    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, change => change.Snapshot.HealthStatus is HealthStatus.Healthy, cancellationToken);

    internal void Publish(ResourceEvent change)
    {
        lock (_gate)
        {
            _current[change.ResourceId] = change;
            foreach (var watcher in _watchers.Keys)
            {
                watcher.Writer.TryWrite(change);
            }
        }
    }

    internal bool AllHealthy(IResource resource, int replicas) =>
        _current.Values.Count(known => known.Resource == resource && known.Snapshot.HealthStatus is HealthStatus.Healthy) >= replicas;
}
