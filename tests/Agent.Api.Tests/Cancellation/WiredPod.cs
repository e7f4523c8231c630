using System.Text.Json.Nodes;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Draining;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tests.Admission;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults;
using AspireAgent.Signals;
using AspireAgent.Streams;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>
/// A pod in this process, put together by the service's own registration: sessions over a real Redis, models and tools over HTTP at a
/// real simulator. What would come from other services (configuration, budget, chaos) is the test's. No time-out is near: whatever is
/// closed was closed on purpose.
/// </summary>
internal sealed class WiredPod : IAsyncDisposable
{
    /// <summary>The routes, each with the fault that its endpoint has.</summary>
    public static readonly IReadOnlyDictionary<string, string> Faults = new Dictionary<string, string>
    {
        ["mute"] = "delay=3600000", // not even headers
        ["wordless"] = "stall=0", // headers, and not a word
        ["stalled"] = "stall=20",
        ["drips"] = "drip=500",
        [Quick] = "no-usage", // none that matters here
    };

    /// <summary>A plan that answers at once.</summary>
    public const string Quick = "quick";

    private readonly WebApplication _app;

    private WiredPod(WebApplication app) => _app = app;

    public SessionHost Host => _app.Services.GetRequiredService<SessionHost>();

    public SessionLog Log => _app.Services.GetRequiredService<SessionLog>();

    /// <summary>Live subscriptions, by kind.</summary>
    public IReadOnlyDictionary<string, int> Subscriptions => _app.Services.GetRequiredService<SubscriptionCount>().Current;

    /// <summary>How each route does.</summary>
    public IEnumerable<RouteHealth> Routes =>
        Faults.Keys.Select(route => _app.Services.GetRequiredService<ModelCatalog>().PlanFor(route, "").First.Health);

    /// <summary>The route that is called at an address.</summary>
    public static string RouteAt(string path) => Faults.Single(fault => path.Contains($"/{fault.Value}/", StringComparison.Ordinal)).Key;

    public static WiredPod Start(RedisProcess redis, Uri simulator)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(Settings(redis, simulator));
        builder.AddServiceDefaults().AddRedis();
        builder.Logging.ClearProviders();
        builder.Services.AddAgent();
        builder.Services
            .AddSingleton<ISignal<ConfigLayers>>(new ConstantSignal<ConfigLayers>(ConfigLayers.Empty with { Global = new LayerVersion(1, Config()) }))
            .AddSingleton<ISignal<BudgetStatus>>(new ConstantSignal<BudgetStatus>(new BudgetStatus(1_000_000_000, 0, DateTimeOffset.MaxValue)))
            .AddSingleton<ITurnBudget>(new FakeTurnBudget())
            .AddSingleton<ISignal<ChaosStatus>>(new ConstantSignal<ChaosStatus>(ChaosStatus.Calm));
        builder.Services.AddWireTools(simulator);
        return new WiredPod(builder.Build());
    }

    /// <summary>A drain whose hard deadline is now.</summary>
    public async Task DrainAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        await _app.Services.GetRequiredService<SessionEvacuation>().DrainAsync(
            new DrainStatus(now, now, 0, Exit: false), isTerminating: false, CancellationToken.None);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static JsonObject Config() => new()
    {
        ["systemPrompt"] = "You are under test.",
        ["inputPolicy"] = "interrupt",
        ["disconnect"] = new JsonObject { ["policy"] = "cancel" },
        ["guards"] = new JsonObject { ["stallSeconds"] = 600, ["dripTokensPerSecond"] = 0 },
        ["resilience"] = new JsonObject { ["hedgeAfterSeconds"] = 0.05, ["hedgeShare"] = 1 },
    };

    private static Dictionary<string, string?> Settings(RedisProcess redis, Uri simulator)
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = $"{redis.ConnectionString},asyncTimeout=60000", // a machine with other work is no failure
            ["Trust:Key"] = "a trust key for tests, and for tests alone",
            ["Instance:Name"] = "pod",
            ["Instance:AdvertisedAddress"] = "http://pod",
            ["Models:Default"] = Quick,
        };
        foreach (var (route, fault) in Faults)
        {
            settings[$"Models:Routes:{route}:Endpoint"] = $"{simulator}faulty/{fault}/v1";
            settings[$"Models:Routes:{route}:Model"] = "sim-small";
            settings[$"Models:Routes:{route}:FirstTokenTimeout"] = "00:10:00";
            settings[$"Models:Routes:{route}:TokenTimeout"] = "00:10:00";
            settings[$"Models:Routes:{route}:TotalTimeout"] = "01:00:00";
            settings[$"Models:Routes:{route}:FallbackCalls"] = "1000";
        }

        foreach (var (act, route, place) in Act.All.SelectMany(act => act.Routes.Select((route, place) => (act.Name, route, place))))
        {
            settings[$"Models:Plans:{act}:{place}"] = route;
        }

        return settings;
    }
}
