using System.Diagnostics;
using System.Net.Http.Headers;
using AspireAgent.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspireAgent.AppHost.Tests;

/// <summary>The whole system, started through Aspire's testing API: real processes, a real Redis-protocol server.</summary>
public class SystemFixture : IAsyncLifetime
{
    public static readonly IReadOnlyDictionary<string, string> Keys = new Dictionary<string, string>
    {
        ["user"] = "key-of-the-user",
        ["vip"] = "key-of-the-vip",
        ["operator"] = "key-of-the-operator",
        ["other"] = "key-of-another-tenant",
    };

    private readonly string _data = Directory.CreateTempSubdirectory("aspireagent-system-").FullName;
    private IDistributedApplicationTestingBuilder _builder = null!;

    public DistributedApplication App { get; private set; } = null!;

    /// <summary>Redis:Mode; by default a redis-server where the machine has one.</summary>
    protected virtual string RedisMode =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(path => File.Exists(Path.Combine(path, "redis-server")))
            ? "executable"
            : "embedded";

    /// <summary>What the processes have printed, where the settings let it through.</summary>
    public PrintedLines Printed { get; } = new();

    /// <summary>More settings of the AppHost.</summary>
    protected virtual IEnumerable<string> Settings => [];

    public async ValueTask InitializeAsync()
    {
        _builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
        [
            $"--Redis:Mode={RedisMode}",
            $"--Redis:DataDirectory={_data}",
            $"--Gateway:Port={LocalPort.Free()}",
            .. Keys.Select(key => $"--Keys:{key.Key}={key.Value}"),
            .. Settings,
        ]);
        _builder.Services.AddSingleton<ILoggerProvider>(Printed);
        App = await _builder.BuildAsync();
        await App.StartAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await App.ResourceNotifications.WaitForResourceHealthyAsync("gateway", limit.Token);
    }

    /// <summary>A client of the gateway with one of <see cref="Keys"/>; null: with none.</summary>
    /// <param name="key">Which.</param>
    /// <param name="address">Of one of several gateways; null: of any.</param>
    public HttpClient Gateway(string? key = "user", Uri? address = null)
    {
        var client = address is null ? App.CreateHttpClient("gateway") : new HttpClient { BaseAddress = address };
        client.Timeout = TimeSpan.FromSeconds(60);
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", Keys[key]);
        return client;
    }

    /// <summary>The model's view of things.</summary>
    public HttpClient Model() => App.CreateHttpClient("model");

    /// <summary>Pids of the system's processes, by resource id, as soon as so many are known.</summary>
    public async Task<IReadOnlyDictionary<string, int>> ProcessesAsync(int atLeast)
    {
        var pids = new Dictionary<string, int>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var change in App.ResourceNotifications.WatchAsync(limit.Token))
        {
            if (change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is int pid)
            {
                pids[change.ResourceId] = pid;
            }

            if (pids.Count >= atLeast)
            {
                break;
            }
        }

        return pids;
    }

    public static bool IsAlive(int pid)
    {
        try
        {
            return !Process.GetProcessById(pid).HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _builder.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>The same on Garnet.</summary>
public sealed class EmbeddedSystemFixture : SystemFixture
{
    protected override string RedisMode => "embedded";
}
