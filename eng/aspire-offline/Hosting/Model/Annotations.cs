using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

public sealed class EndpointAnnotation : IResourceAnnotation
{
    public EndpointAnnotation(
        ProtocolType protocol, string? uriScheme = null, string? transport = null, string? name = null, int? port = null,
        int? targetPort = null, bool? isExternal = null, bool? isProxied = null)
    {
        (Protocol, UriScheme, Port, TargetPort) = (protocol, uriScheme ?? "tcp", port, targetPort);
        (IsExternal, IsProxied) = (isExternal ?? false, isProxied ?? true);
        Transport = transport ?? UriScheme;
        Name = name ?? UriScheme;
    }

    public ProtocolType Protocol { get; set; }

    public string UriScheme { get; set; }

    public string Transport { get; set; }

    public string Name { get; set; }

    public string TargetHost { get; set; } = "localhost";

    public int? Port { get; set; }

    public int? TargetPort { get; set; }

    public bool IsExternal { get; set; }

    public bool IsProxied { get; set; }

    /// <summary>One port for each replica, once they are known.</summary>
    internal IReadOnlyList<int> Allocated { get; set; } = [];

    /// <summary>The environment variable that carries the port to the process.</summary>
    internal string? PortVariable { get; set; }
}

public sealed class ReplicaAnnotation(int replicas = 1) : IResourceAnnotation
{
    public int Replicas { get; } = replicas;
}

public class HealthCheckAnnotation(string key) : IResourceAnnotation
{
    public string Key { get; } = key;
}

public class EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) : IResourceAnnotation
{
    public Func<EnvironmentCallbackContext, Task> Callback { get; } = callback;
}

public class CommandLineArgsCallbackAnnotation(Func<CommandLineArgsCallbackContext, Task> callback) : IResourceAnnotation
{
    public Func<CommandLineArgsCallbackContext, Task> Callback { get; } = callback;
}

internal sealed record WaitForAnnotation(IResource Dependency) : IResourceAnnotation;

internal sealed record HttpHealthAnnotation(string Endpoint, string Path, int StatusCode) : IResourceAnnotation;

internal sealed record ProjectMetadataAnnotation(IProjectMetadata Metadata) : IResourceAnnotation;

public class EnvironmentCallbackContext(
    DistributedApplicationExecutionContext executionContext, IResource resource,
    Dictionary<string, object>? environmentVariables = null, CancellationToken cancellationToken = default)
{
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    public IResource Resource { get; } = resource;

    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

    public CancellationToken CancellationToken { get; } = cancellationToken;
}

public sealed class CommandLineArgsCallbackContext(
    IList<object> args, IResource resource, CancellationToken cancellationToken = default)
{
    public IList<object> Args { get; } = args;

    public IResource Resource { get; } = resource;

    public CancellationToken CancellationToken { get; } = cancellationToken;
}
