using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

public interface IResource
{
    string Name { get; }

    ResourceAnnotationCollection Annotations { get; }
}

public interface IResourceAnnotation;

public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

public interface IResourceWithEndpoints : IResource;

public interface IResourceWithEnvironment : IResource;

public interface IResourceWithArgs : IResource;

public interface IResourceWithWaitSupport : IResource;

public interface IResourceWithConnectionString : IResource, IExpressionValue
{
    ReferenceExpression ConnectionStringExpression { get; }

    string? ConnectionStringEnvironmentVariable => null;

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ConnectionStringExpression.GetValueAsync(cancellationToken);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) =>
        GetConnectionStringAsync(cancellationToken);
}

public abstract class Resource(string name) : IResource
{
    public virtual string Name { get; } = name;

    public virtual ResourceAnnotationCollection Annotations { get; } = [];
}

public class ExecutableResource(string name, string command, string workingDirectory)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    public string Command { get; } = command;

    public string WorkingDirectory { get; } = workingDirectory;
}

public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport;

public class ContainerResource(string name, string? entrypoint = null)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    public string? Entrypoint { get; set; } = entrypoint;
}

public class ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false)
    : Resource(name), IExpressionValue
{
    private readonly Lazy<string> _value = new(() => callback(null));

    public bool Secret { get; } = secret;

    public string ValueExpression => $"{{{Name}.value}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => new(_value.Value);
}

/// <summary>Declared so that an AppHost that may use a container compiles; adding one is refused here.</summary>
public class RedisResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"");
}

public abstract class ParameterDefault
{
    public abstract string GetDefaultValue();
}

public sealed class GenerateParameterDefault : ParameterDefault
{
    private const string Letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    public int MinLength { get; set; } = 22;

    public bool Special { get; set; } = true;

    public override string GetDefaultValue() =>
        System.Security.Cryptography.RandomNumberGenerator.GetString(Special ? Letters + "-_.~" : Letters, MinLength);
}
