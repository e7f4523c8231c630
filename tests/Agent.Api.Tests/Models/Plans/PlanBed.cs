using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults;
using AspireAgent.Signals;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>
/// A plan of two routes and the last resort, its clients composed as in the service, over real HTTP to a simulator that has no delays
/// of its own.
/// </summary>
internal sealed class PlanBed : IAsyncDisposable
{
    public const string PrimaryModel = "sim-large";
    public const string FallbackModel = "sim-small";

    private static readonly ModelRoute Rules = new("rules", RuleBasedChatClient.Model, new RuleBasedChatClient(new LastResortConfig()), int.MaxValue);

    private readonly ServiceProcess _simulator;
    private readonly HttpClient _admin;
    private readonly WebApplication _app;
    private readonly ModelCatalog _catalog;
    private readonly PlanRunner _runner;
    private readonly LiveKnobs _knobs;

    private PlanBed(ServiceProcess simulator, ResilienceKnobs knobs, int fallbackCalls, string fallbackFault)
    {
        (_simulator, _admin, _knobs) = (simulator, simulator.Client(null), new LiveKnobs { Resilience = knobs });
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Models:Routes:primary:Endpoint"] = $"{simulator.Address}v1",
            ["Models:Routes:primary:Model"] = PrimaryModel,
            ["Models:Routes:primary:FirstTokenTimeout"] = "00:00:03",
            ["Models:Routes:fallback:Endpoint"] = $"{simulator.Address}faulty/{fallbackFault}/v1",
            ["Models:Routes:fallback:Model"] = FallbackModel,
            ["Models:Routes:fallback:FallbackCalls"] = $"{fallbackCalls}",
            ["Models:Plans:both:0"] = "primary",
            ["Models:Plans:both:1"] = "fallback",
        });
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ISignal<ChaosStatus>>(new FakeSignal<ChaosStatus>(ChaosStatus.Calm)).AddRouteClients();
        _app = builder.Build();

        var (services, signal, time, metrics) = (_app.Services, Observable.Return(knobs), TimeProvider.System, new ModelMetrics(Meters));
        _runner = new PlanRunner(signal, metrics, DefaultScheduler.Instance);
        _catalog = ModelCatalog.FromOptions(
            services.GetRequiredService<IOptions<ModelOptions>>().Value,
            services.GetRequiredService<RouteClients>().Create,
            route => new RouteCaller(
                route, new RouteHealth(route, signal, metrics, time, DefaultScheduler.Instance, Random.Shared), metrics, time, DefaultScheduler.Instance));
        Plan = _catalog.PlanFor("both", "");
    }

    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    public ModelPlan Plan { get; }

    public RouteHealth Primary => Plan.First.Health;

    public RouteHealth Fallback => Plan.Routes[1].Health;

    /// <param name="knobs">How the plan is to behave.</param>
    /// <param name="fallbackCalls">How many calls the fallback may serve at once.</param>
    /// <param name="fallbackFault">What is always the matter with it, such as <c>drip=25</c>.</param>
    public static async Task<PlanBed> StartAsync(ResilienceKnobs knobs, int fallbackCalls, string fallbackFault) => new(
        await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__Speed"] = "0",
            ["Simulator__KeptRequests"] = "1000000",
            ["Logging__LogLevel__Default"] = "Error",
        }),
        knobs, fallbackCalls, fallbackFault);

    /// <summary>One answer.</summary>
    /// <param name="tokens">Its cap.</param>
    /// <param name="routes">Those that may give it.</param>
    public IObservable<Spoken> Speak(int tokens, IReadOnlyList<RouteCaller> routes)
    {
        var request = new ModelRequest([new ChatMessage(ChatRole.User, "Tell me about the weather.")], new ChatOptions { MaxOutputTokens = tokens });
        var context = new CallContext(Observable.Return(_knobs), _ => default, _ => { }, _ => { });
        return _runner.Speak(new PlanCall(Plan, routes, _ => request, _knobs, context, Rules));
    }

    /// <summary>From now on the primary has this fault, as <c>POST /admin/faults</c> reads it; null: it is well.</summary>
    public async Task OrderAsync(object? fault)
    {
        using var cleared = await _admin.DeleteAsync("/admin/faults");
        cleared.EnsureSuccessStatusCode();
        if (fault is not null)
        {
            using var ordered = await _admin.PostAsJsonAsync("/admin/faults", fault);
            ordered.EnsureSuccessStatusCode();
        }
    }

    /// <summary>All that the simulator was asked for.</summary>
    public async Task<List<SimulatedCall>> CallsAsync() => (await _admin.GetFromJsonAsync<List<SimulatedCall>>("/admin/requests"))!;

    public async ValueTask DisposeAsync()
    {
        _runner.Dispose();
        _catalog.Dispose();
        _admin.Dispose();
        await _app.DisposeAsync();
        await _simulator.DisposeAsync();
    }
}

/// <summary>A call as the simulator has seen it.</summary>
internal sealed record SimulatedCall(string Model, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, DateTimeOffset? CancelledAt);
