using System.Reflection;
using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Run;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    /// <summary>Set by the testing library: takes the builder at the moment that the AppHost's program builds it.</summary>
    internal static readonly AsyncLocal<TestingHook?> Testing = new();

    private readonly HostApplicationBuilder _host;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        var assembly = Testing.Value?.EntryAssembly ?? Assembly.GetEntryAssembly()!;
        Options = options;
        AppHostDirectory = options.ProjectDirectory ?? Metadata(assembly, "apphostprojectpath") ?? Directory.GetCurrentDirectory();
        OutputPath = Metadata(assembly, "aspireofflineoutput") ?? "bin/Debug/net10.0";
        _host = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = [.. Testing.Value?.Args ?? [], .. options.Args ?? []],
            ContentRootPath = AppHostDirectory,
            EnvironmentName = Testing.Value is null ? null : Environments.Development,
        });
        _host.Configuration["AppHost:Directory"] = AppHostDirectory;
        _host.Configuration["AppHost:BrowserToken"] =
            _host.Configuration["ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN"] ?? RandomNumberGenerator.GetHexString(32, lowercase: true);
        _host.Configuration["AppHost:OtlpApiKey"] ??= RandomNumberGenerator.GetHexString(32, lowercase: true);
        options.DisableDashboard |= Testing.Value is not null;

        Services.AddHealthChecks();
        Services.AddHttpClient();
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton<ResourceNotificationService>();
        Services.AddSingleton<ResourceCommandService>();
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(this);
        Services.AddHostedService<Orchestrator>();
        Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    public ConfigurationManager Configuration => _host.Configuration;

    public string AppHostDirectory { get; }

    public IHostEnvironment Environment => _host.Environment;

    public IServiceCollection Services => _host.Services;

    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);

    internal DistributedApplicationOptions Options { get; }

    /// <summary>Where a project's output is, below its folder: the same configuration and framework as the AppHost's.</summary>
    internal string OutputPath { get; }

    internal List<IResource> Resources { get; } = [];

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        if (Resources.Exists(known => string.Equals(known.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException($"There is a resource '{resource.Name}' already.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        Testing.Value?.Take(this);
        return BuildHost();
    }

    internal DistributedApplication BuildHost() => new(_host.Build());

    private static string? Metadata(Assembly assembly, string key) =>
        assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(attribute => attribute.Key == key)?.Value;
}

internal sealed class TestingHook(Assembly entryAssembly, string[] args, Action<DistributedApplicationBuilder> take)
{
    public Assembly EntryAssembly { get; } = entryAssembly;

    public string[] Args { get; } = args;

    /// <summary>Hands the builder over and unwinds the AppHost's program.</summary>
    public void Take(DistributedApplicationBuilder builder)
    {
        take(builder);
        throw new ProgramTakenOverException();
    }
}

internal sealed class ProgramTakenOverException : Exception;
