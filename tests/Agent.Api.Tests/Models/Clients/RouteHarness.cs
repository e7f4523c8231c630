using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Contracts.Chaos;
using AspireAgent.ServiceDefaults;
using AspireAgent.Signals;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;

namespace AspireAgent.Agent.Tests.Models.Clients;

/// <summary>The client of one route named <c>main</c>, composed as in the service.</summary>
internal sealed class RouteHarness : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;

    /// <param name="settings">Of the route: <c>Kind</c>, <c>Endpoint</c>, <c>ApiKey</c>.</param>
    /// <param name="secrets">Directory of secrets; none: null.</param>
    /// <param name="tracing">What else happens to spans.</param>
    public RouteHarness(Dictionary<string, string?> settings, string? secrets = null, Action<TracerProviderBuilder>? tracing = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration["Secrets:Directory"] = secrets;
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => $"Models:Routes:main:{setting.Key}", setting => setting.Value));
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders().AddFakeLogging();
        builder.Services.AddSingleton<ISignal<ChaosStatus>>(Chaos).AddRouteClients();
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing ?? (_ => { }));
        _app = builder.Build();
        Services.GetRequiredService<TracerProvider>(); // listens from now on
        Client = Services.GetRequiredService<RouteClients>().Create("main", Models.CurrentValue.Routes["main"]);
    }

    public FakeSignal<ChaosStatus> Chaos { get; } = new(ChaosStatus.Calm);

    public IChatClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public IOptionsMonitor<ModelOptions> Models => Services.GetRequiredService<IOptionsMonitor<ModelOptions>>();

    public FakeLogCollector Log => Services.GetFakeLogCollector();

    public static RouteHarness For(
        Vendor vendor, ModelKind kind = ModelKind.OpenAi, Prefill prefill = Prefill.None, string? key = null, string path = "",
        Action<TracerProviderBuilder>? tracing = null) => new(
        new()
        {
            ["Kind"] = $"{kind}",
            ["Endpoint"] = $"{vendor.Address}{path}",
            ["Model"] = "the-model",
            ["Prefill"] = $"{prefill}",
            ["ApiKey"] = key,
        },
        tracing: tracing);

    /// <summary>Changes a setting of the route, as a source of configuration would.</summary>
    public void Set(string setting, string value)
    {
        _app.Configuration[$"Models:Routes:main:{setting}"] = value;
        ((IConfigurationRoot)_app.Configuration).Reload();
    }

    /// <summary>A call, streamed or not, to its end: what was said.</summary>
    public async Task<string> CallAsync(bool streamed = true, params ChatMessage[] messages)
    {
        ChatMessage[] sent = messages.Length > 0 ? messages : [new ChatMessage(ChatRole.User, "Say it.")];
        return streamed
            ? (await Client.GetStreamingResponseAsync(sent).ToChatResponseAsync().WaitAsync(Limit)).Text
            : (await Client.GetResponseAsync(sent).WaitAsync(Limit)).Text;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
