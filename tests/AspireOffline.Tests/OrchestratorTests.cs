using System.Net;
using AspireAgent.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspireAgent.AspireOffline.Tests;

/// <summary>The subset's orchestrator with small real processes.</summary>
public sealed class OrchestratorTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("aspireagent-offline-").FullName;
    private readonly IDistributedApplicationBuilder _builder = DistributedApplication.CreateBuilder(
        new DistributedApplicationOptions { Args = [], DisableDashboard = true, ProjectDirectory = AppContext.BaseDirectory });

    private DistributedApplication? _app;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task WaitFor_Dependency_StartsAfterItIsHealthy()
    {
        var healthy = false;
        _builder.Services.AddHealthChecks().AddCheck("gate", () => healthy ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
        var first = Shell("first", "sleep 600").WithHealthCheck("gate");
        Shell("second", "sleep 600").WaitFor(first);
        await StartAsync();

        await StateAsync("first", KnownResourceStates.Running);
        Assert.Equal(KnownResourceStates.Waiting, (await CurrentAsync("second")).State!.Text);
        healthy = true;

        await StateAsync("second", KnownResourceStates.Running);
    }

    [Fact]
    public async Task Environment_ReferencesAndPorts_AreResolved()
    {
        var server = Shell("server", "sleep 600").WithEndpoint(scheme: "tcp", name: "tcp", env: "PORT");
        var endpoint = server.GetEndpoint("tcp");
        var secret = _builder.AddParameter("secret", "s3cret", secret: true);
        var connection = _builder.AddConnectionString("db", ReferenceExpression.Create($"{endpoint.Property(EndpointProperty.HostAndPort)},password={secret},x={{y}}"));
        Shell("client", $"env > {_directory}/env; sleep 600").WithReference(connection).WithEnvironment("PLAIN", "value");
        await StartAsync();
        await StateAsync("client", KnownResourceStates.Running);

        var environment = await Poll.UntilAsync(
            async () => File.Exists($"{_directory}/env") && await File.ReadAllTextAsync($"{_directory}/env") is { Length: > 0 } text && text.Contains("PLAIN", StringComparison.Ordinal) ? text : null,
            "the environment");

        Assert.Contains($"ConnectionStrings__db=localhost:{endpoint.Port},password=s3cret,x={{y}}", environment, StringComparison.Ordinal);
        Assert.Contains("PLAIN=value", environment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_Ends_IsFinishedWithItsCodeAndCanBeStartedAgain()
    {
        Shell("short", $"echo run >> {_directory}/runs; exit 3");
        await StartAsync();

        var ended = await StateAsync("short", KnownResourceStates.Finished);
        Assert.Equal(3, ended.ExitCode);
        Assert.True((await _app!.ResourceCommands.ExecuteCommandAsync("short", KnownResourceCommands.StartCommand)).Success);

        await Poll.UntilAsync(async () => (await File.ReadAllLinesAsync($"{_directory}/runs")).Length == 2, "the second run");
        Assert.False((await _app.ResourceCommands.ExecuteCommandAsync("nobody", KnownResourceCommands.StartCommand)).Success);
    }

    [Fact]
    public async Task Stop_DeafProcess_IsKilledWithItsChildren()
    {
        Shell("deaf", $"trap '' TERM; sleep 600 & echo $! > {_directory}/child; wait; sleep 600");
        await StartAsync();
        var child = int.Parse(await Poll.UntilAsync(
            async () => File.Exists($"{_directory}/child") && await File.ReadAllTextAsync($"{_directory}/child") is { Length: > 0 } text ? text : null, "the child"));

        await _app!.StopAsync();

        await Poll.UntilAsync(() => !Directory.Exists($"/proc/{child}") || File.ReadAllText($"/proc/{child}/stat").Contains(") Z", StringComparison.Ordinal), "the child's end");
    }

    [Fact]
    public async Task Start_ProgramMissing_FailsToStart()
    {
        _builder.AddExecutable("missing", "no-such-program", _directory);
        await StartAsync();
        await StateAsync("missing", KnownResourceStates.FailedToStart);
    }

    [Fact]
    public async Task Start_PortTaken_SaysWhichAndWhose()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Shell("server", "sleep 600").WithHttpEndpoint(port);

        var error = await Assert.ThrowsAsync<DistributedApplicationException>(StartAsync);

        Assert.Contains($"Port {port}, wanted by 'server'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddResource_SameNameTwice_IsRefused()
    {
        Shell("one", "true");
        Assert.Throws<DistributedApplicationException>(() => Shell("ONE", "true"));
    }

    [Fact]
    public void AddRedis_Container_IsRefusedWithAWayOut() =>
        Assert.Contains("--Redis:Mode=", Assert.Throws<DistributedApplicationException>(() => _builder.AddRedis("redis")).Message, StringComparison.Ordinal);

    private IResourceBuilder<ExecutableResource> Shell(string name, string script) => _builder.AddExecutable(name, "/bin/sh", _directory, "-c", script);

    private async Task StartAsync()
    {
        _app = _builder.Build();
        await _app.StartAsync();
    }

    private async Task<CustomResourceSnapshot> StateAsync(string name, string state)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return (await _app!.ResourceNotifications.WaitForResourceAsync(name, change => change.Snapshot.State?.Text == state, limit.Token)).Snapshot;
    }

    private async Task<CustomResourceSnapshot> CurrentAsync(string name) =>
        (await _app!.ResourceNotifications.WaitForResourceAsync(name, _ => true)).Snapshot;
}
