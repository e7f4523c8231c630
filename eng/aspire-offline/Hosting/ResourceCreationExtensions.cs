using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        if (!options.ExcludeLaunchProfile)
        {
            throw new DistributedApplicationException("Launch profiles of resources are not read here: set ExcludeLaunchProfile.");
        }

        return builder.AddResource(new ProjectResource(name)).WithAnnotation(new ProjectMetadataAnnotation(new TProject()));
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) =>
        builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);
}

public static class ExecutableResourceBuilderExtensions
{
    public static IResourceBuilder<ExecutableResource> AddExecutable(
        this IDistributedApplicationBuilder builder, string name, string command, string workingDirectory, params string[]? args)
    {
        var executable = new ExecutableResource(name, command, Path.GetFullPath(workingDirectory, builder.AppHostDirectory));
        return builder.AddResource(executable).WithArgs(context =>
        {
            foreach (var arg in args ?? [])
            {
                context.Args.Add(arg);
            }
        });
    }
}

public static class ParameterResourceBuilderExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => value, secret));

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false) =>
        builder.AddResource(new ParameterResource(
            name, _ => builder.Configuration[$"Parameters:{name}"] ?? value.GetDefaultValue(), secret));

    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null)
    {
        var value = builder.Configuration.GetConnectionString(name)
            ?? throw new DistributedApplicationException($"The connection string '{name}' has no value: set ConnectionStrings:{name}.");
        return builder.AddResource(new ConnectionStringResource(name, ReferenceExpression.Create($"{value}")));
    }
}

public static class ConnectionStringBuilderExtensions
{
    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, ReferenceExpression connectionStringExpression) =>
        builder.AddResource(new ConnectionStringResource(name, connectionStringExpression));
}

public static class RedisBuilderExtensions
{
    /// <summary>Refused: there is no container runtime here.</summary>
    public static IResourceBuilder<RedisResource> AddRedis(
        this IDistributedApplicationBuilder builder, string name, int? port = null,
        IResourceBuilder<ParameterResource>? password = null) =>
        throw new DistributedApplicationException(
            "Containers need the Aspire packages. Use --Redis:Mode=executable, embedded or external.");

    public static IResourceBuilder<RedisResource> WithDataVolume(
        this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false) => builder;
}
