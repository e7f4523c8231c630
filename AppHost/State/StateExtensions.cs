using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.AppHost.State;

/// <summary>The state of the system as resources: a connection named <c>redis</c>, and the server to wait for.</summary>
/// <param name="Connection">What services reference.</param>
/// <param name="Server">What they wait for; null: nobody here starts it.</param>
/// <param name="Directory">Where its data is on this machine; null: elsewhere.</param>
internal sealed record RedisState(
    IResourceBuilder<IResourceWithConnectionString> Connection, IResourceBuilder<IResource>? Server, string? Directory = null);

internal static class StateExtensions
{
    private const string Connection = "redis";
    private const string ServerName = "redis-server";
    private const string EndpointName = "tcp";
    private const string HealthCheck = "redis_ready";

    /// <summary>Adds the server that Redis:Mode names; always with a random password, always on loopback.</summary>
    public static RedisState AddState(this IDistributedApplicationBuilder builder)
    {
        var mode = RedisModeChoice.Decide(builder.Configuration, builder.ExecutionContext.IsPublishMode);
        if (mode is RedisMode.External)
        {
            ExternalRedis.MustAnswer(builder.Configuration);
            return new RedisState(builder.AddConnectionString(Connection), null);
        }

        if (mode is RedisMode.Container)
        {
            var container = builder.AddRedis(Connection).WithDataVolume();
            return new RedisState(container, container);
        }

        var data = DataDirectory.Open(builder.Configuration, builder.AppHostDirectory, mode);
        var password = new GenerateParameterDefault { MinLength = 32, Special = false }.GetDefaultValue();
        var secret = builder.AddParameter("redis-password", password, secret: true);
        return mode is RedisMode.Executable
            ? AddExecutable(builder, data, password, secret) with { Directory = data }
            : AddEmbedded(builder, data, secret) with { Directory = data };
    }

    /// <summary>Gives a service the connection, and lets it wait for the server.</summary>
    public static IResourceBuilder<ProjectResource> WithState(this IResourceBuilder<ProjectResource> service, RedisState state)
    {
        service.WithReference(state.Connection);
        return state.Server is null ? service : service.WaitFor(state.Server);
    }

    /// <summary>Lets a service keep the last known values of its signals beside that data, for a start without the services they come from.</summary>
    public static IResourceBuilder<ProjectResource> WithLastKnownGood(this IResourceBuilder<ProjectResource> service, RedisState state) =>
        state.Directory is { } data ? service.WithEnvironment("Signals__Directory", Path.Combine(data, "signals")) : service;

    private static RedisState AddExecutable(
        IDistributedApplicationBuilder builder, string data, string password, IResourceBuilder<ParameterResource> secret)
    {
        // In a file, since arguments are for all to read.
        var file = Path.Combine(data, "redis.conf");
        SecretFile.Write(file, $"""
            bind 127.0.0.1
            requirepass {password}
            dir "{data}"
            appendonly yes
            appendfsync always
            save ""
            """);
        var server = builder.AddExecutable(ServerName, RedisModeChoice.Program, data, file)
            .WithEndpoint(scheme: EndpointName, name: EndpointName)
            .ExcludeFromManifest();
        var endpoint = server.GetEndpoint(EndpointName);
        server.WithArgs(context =>
        {
            context.Args.Add("--port");
            context.Args.Add(endpoint.Property(EndpointProperty.TargetPort));
        });
        return Connect(builder, server.WithHealthCheck(HealthCheck), endpoint, secret);
    }

    private static RedisState AddEmbedded(
        IDistributedApplicationBuilder builder, string data, IResourceBuilder<ParameterResource> secret)
    {
        var server = builder.AddProject<Projects.Redis_Embedded>(ServerName, options => options.ExcludeLaunchProfile = true)
            .WithEndpoint(scheme: EndpointName, name: EndpointName, env: "REDIS_PORT")
            .WithEnvironment("REDIS_PASSWORD", secret)
            .WithEnvironment("REDIS_DATA", data)
            .WithHealthCheck(HealthCheck)
            .ExcludeFromManifest();
        return Connect(builder, server, server.GetEndpoint(EndpointName), secret);
    }

    private static RedisState Connect<T>(
        IDistributedApplicationBuilder builder, IResourceBuilder<T> server, EndpointReference endpoint,
        IResourceBuilder<ParameterResource> secret)
        where T : IResource
    {
        var expression = ReferenceExpression.Create($"127.0.0.1:{endpoint.Property(EndpointProperty.Port)},password={secret}");
        builder.Services.AddHealthChecks().Add(new(HealthCheck, _ => new RedisReadyCheck(expression), failureStatus: null, tags: null));
        return new RedisState(builder.AddConnectionString(Connection, expression), (IResourceBuilder<IResource>)server);
    }
}
