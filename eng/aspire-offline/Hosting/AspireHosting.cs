using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

public interface IProjectMetadata : IResourceAnnotation
{
    string ProjectPath { get; }
}

public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

public sealed class ConnectionStringResource(string name, ReferenceExpression connectionStringExpression)
    : Resource(name), IResourceWithConnectionString, IResourceWithWaitSupport
{
    public ReferenceExpression ConnectionStringExpression { get; } = connectionStringExpression;
}

public class ProjectResourceOptions
{
    public string? LaunchProfileName { get; set; }

    public bool ExcludeLaunchProfile { get; set; }

    public bool ExcludeKestrelEndpoints { get; set; }
}

public enum DistributedApplicationOperation
{
    Run = 0,
    Publish = 1,
}

public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    public DistributedApplicationOperation Operation { get; } = operation;

    public bool IsRunMode => Operation is DistributedApplicationOperation.Run;

    public bool IsPublishMode => Operation is DistributedApplicationOperation.Publish;
}

public sealed class DistributedApplicationOptions
{
    public string[]? Args { get; set; }

    public string? AssemblyName { get; set; }

    public string? ProjectDirectory { get; set; }

    public bool DisableDashboard { get; set; }
}

public class DistributedApplicationException : Exception
{
    public DistributedApplicationException()
    {
    }

    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

public interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    string AppHostDirectory { get; }

    IHostEnvironment Environment { get; }

    IServiceCollection Services { get; }

    DistributedApplicationExecutionContext ExecutionContext { get; }

    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}
