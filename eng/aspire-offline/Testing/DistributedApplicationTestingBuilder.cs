using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable
{
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

public static class DistributedApplicationTestingBuilder
{
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], cancellationToken);

    /// <summary>Runs the AppHost's own program up to its <c>Build()</c> and takes the builder from there.</summary>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        var assembly = typeof(TEntryPoint).Assembly;
        var entryPoint = assembly.EntryPoint
            ?? throw new InvalidOperationException($"Assembly '{assembly.FullName}' does not have an entry point.");
        return Task.Run(
            () =>
            {
                DistributedApplicationBuilder? taken = null;
                DistributedApplicationBuilder.Testing.Value = new TestingHook(assembly, args, builder => taken = builder);
                try
                {
                    entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
                }
                catch (TargetInvocationException exception) when (exception.InnerException is ProgramTakenOverException)
                {
                    // It stands at Build() now.
                }
                finally
                {
                    DistributedApplicationBuilder.Testing.Value = null;
                }

                return (IDistributedApplicationTestingBuilder)new Builder(
                    taken ?? throw new InvalidOperationException("The AppHost's program built no application."));
            },
            cancellationToken);
    }

    private sealed class Builder(DistributedApplicationBuilder inner) : IDistributedApplicationTestingBuilder
    {
        private DistributedApplication? _built;

        public ConfigurationManager Configuration => inner.Configuration;

        public string AppHostDirectory => inner.AppHostDirectory;

        public IHostEnvironment Environment => inner.Environment;

        public IServiceCollection Services => inner.Services;

        public DistributedApplicationExecutionContext ExecutionContext => inner.ExecutionContext;

        public IResourceBuilder<T> AddResource<T>(T resource)
            where T : IResource => inner.AddResource(resource);

        public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
            where T : IResource => inner.CreateResourceBuilder(resource);

        public DistributedApplication Build() => _built = inner.BuildHost();

        public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) => Task.FromResult(Build());

        public ValueTask DisposeAsync() => _built?.DisposeAsync() ?? default;
    }
}
