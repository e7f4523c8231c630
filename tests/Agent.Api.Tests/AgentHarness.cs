using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Tests.Admission;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests;

/// <summary>Sessions of one pod over a real Redis, with a model, configuration and budget that the test plays.</summary>
internal sealed class AgentHarness : IAsyncDisposable
{
    private static readonly TokenCounter Tokens = new();

    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().AddHttpClient().BuildServiceProvider();

    private AgentHarness(ConnectionMultiplexer connection, IEnumerable<Tool> tools, IReadOnlyList<ModelRoute> routes)
    {
        Connection = connection;
        Log = new SessionLog(connection);
        Metrics = new AgentMetrics(_provider.GetRequiredService<IMeterFactory>(), Subscriptions);
        var models = new ModelMetrics(Meters);
        RouteCaller Caller(ModelRoute route) => new(
            route, new RouteHealth(route, Resilience, models, TimeProvider.System, DefaultScheduler.Instance, new Random(1)),
            models, TimeProvider.System, DefaultScheduler.Instance);
        var fake = new ModelRoute("fake", "fake", Model, 8_000) { Prefill = Prefill.LastAssistant };
        string[] plan = routes.Count > 0 ? [.. routes.Select(route => route.Name)] : ["fake"];
        Models = new ModelCatalog(
            [Caller(fake), Caller(fake with { Name = "mute", Prefill = Prefill.None }), .. routes.Select(Caller)],
            new Dictionary<string, string[]> { ["plan"] = plan, ["alone"] = ["fake"], ["mute-alone"] = ["mute"] }, "plan");
        var registry = new ToolRegistry(tools);
        var health = new ToolHealth(Observable.Return(TimeSpan.FromMinutes(1)), TimeProvider.System);
        var runner = new ToolRunner(
            registry, health, new ToolMetrics(Meters, health), DefaultScheduler.Instance, TimeProvider.System, NullLogger<ToolRunner>.Instance);
        var turns = new TurnPipeline(
            Models, new PlanRunner(Resilience, models, DefaultScheduler.Instance), registry, runner,
            new TurnAdmission(Leases, new OutputEstimator(), Produced, Uses.Enqueue, TimeProvider.System, new AdmissionMetrics(Meters)), Tokens, Metrics, NullLogger<TurnPipeline>.Instance);
        var layers = new TenantLayers(connection, DefaultScheduler.Instance, NullLogger<TenantLayers>.Instance);
        Services = new SessionServices(
            new ConfigSignals(Config, layers, NullLogger<ConfigSignals>.Instance), Budget, turns, Log,
            new BusySessions(connection, Instance("pod")), Subscriptions, Metrics,
            Microsoft.Extensions.Options.Options.Create(Options), TimeProvider.System, NullLogger<Session>.Instance);
    }

    public ModelCatalog Models { get; }

    public SessionLifetimeOptions Options { get; } = new();

    public IMeterFactory Meters => _provider.GetRequiredService<IMeterFactory>();

    public ConnectionMultiplexer Connection { get; }

    public SessionLog Log { get; }

    public FakeChatClient Model { get; } = new();

    public FakeSignal<ConfigLayers> Config { get; } = new(WithGlobal(1, new JsonObject { ["systemPrompt"] = "P1" }));

    public FakeSignal<BudgetStatus> Budget { get; } = new(new BudgetStatus(1_000, 0, DateTimeOffset.MaxValue));

    /// <summary>What the routes' health goes by; calls go by the configuration.</summary>
    public BehaviorSubject<ResilienceKnobs> Resilience { get; } = new(new ResilienceKnobs());

    public SubscriptionCount Subscriptions { get; } = new();

    public AgentMetrics Metrics { get; }

    /// <summary>What turns are admitted from.</summary>
    public FakeTurnBudget Leases { get; } = new();

    /// <summary>What the ledger would be told.</summary>
    public ConcurrentQueue<BudgetUse> Uses { get; } = new();

    public ProducedTokens Produced { get; } = new();

    public SessionServices Services { get; }

    /// <summary>The id of this harness' session.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    public static async Task<AgentHarness> StartAsync(RedisPair servers, RedisKind kind, params Tool[] tools) =>
        await StartAsync(await servers.GetAsync(kind), tools);

    /// <summary>With a plan of these routes, in order.</summary>
    public static async Task<AgentHarness> StartAsync(RedisPair servers, RedisKind kind, IReadOnlyList<ModelRoute> routes, params Tool[] tools) =>
        new(await (await servers.GetAsync(kind)).ConnectAsync(), tools, routes);

    public static async Task<AgentHarness> StartAsync(RedisProcess server, params Tool[] tools) => new(await server.ConnectAsync(), tools, []);

    public static int CountTokens(string text) => Tokens.Count(text);

    /// <summary>Tokens of messages with these texts, as a vendor counts a prompt: three more for each, and for the answer's beginning.</summary>
    public static int CountPrompt(params IReadOnlyCollection<string> texts) => texts.Sum(CountTokens) + (3 * (texts.Count + 1));

    /// <summary>Changes the global layer.</summary>
    public void SetGlobal(JsonObject document) => Config.Set(WithGlobal(Config.Current!.Value.Global.Revision + 1, document));

    /// <summary>A new session, opened.</summary>
    public async Task<Session> OpenAsync(string tier = "standard")
    {
        var grant = await Log.TakeAsync(Id, "", "pod") ?? throw new InvalidOperationException("taken");
        var session = new Session(grant, SessionState.Empty with { Tenant = "demo" }, Writers(grant), Services);
        await session.OpenAsync(new SessionOpened("demo", tier, "user"), [], CancellationToken.None);
        return session;
    }

    /// <summary>The writers of a log that nobody had before.</summary>
    public static WriterHistory Writers(WriteGrant grant) => new([new LogWriterStart(grant.Epoch, new Cursor(1, grant.Nonce))]);

    /// <summary>The sessions of a pod of that name, which share all but their ownership. Without a heartbeat it is dead to others.</summary>
    public SessionHost Host(LocalInstance instance, TimeProvider? time = null) =>
        new(ServicesOf(instance, time), new InstanceRegistry(Connection), instance, NullLogger<SessionHost>.Instance);

    /// <summary>What the sessions of such a pod share.</summary>
    public SessionServices ServicesOf(LocalInstance instance, TimeProvider? time = null) =>
        Services with { Busy = new BusySessions(Connection, instance), Time = time ?? TimeProvider.System };

    /// <summary>Opens this harness' session on a pod.</summary>
    public async Task<Session> OpenOnAsync(SessionHost host, string? cohort = null) =>
        (await host.OpenAsync(Id, new SessionOpened("demo", "standard", "user", cohort), new OpenSessionRequest { Id = Id }, null, CancellationToken.None)
            as SessionLookup.Here)?.Session
        ?? throw new InvalidOperationException("The session could not be opened.");

    /// <summary>This harness' session as another pod finds it, or takes it.</summary>
    public async Task<Session> FindOnAsync(SessionHost host) =>
        (await host.FindAsync(Id, null, CancellationToken.None) as SessionLookup.Here)?.Session
        ?? throw new InvalidOperationException("The session is elsewhere.");

    /// <summary>A pod's process.</summary>
    public static LocalInstance Instance(string name) => new(
        InstanceKind.Agent, () => 0, Microsoft.Extensions.Options.Options.Create(new InstanceOptions { Name = name, AdvertisedAddress = $"http://{name}" }),
        new NoServer());

    /// <summary>All that the log in Redis holds.</summary>
    public async Task<IReadOnlyList<SessionEvent>> LogAsync() =>
        [.. (await Log.ReadAsync(Id, 0, 100_000)).Events.Select(logged => WireJson.ReadEvent(logged.Json))];

    /// <summary>The log as <c>type</c> or <c>token:text</c>, without the opening, once it holds <paramref name="last"/>.</summary>
    public async Task<List<string>> StoryAsync(string last)
    {
        List<string> story = [];
        await Poll.UntilAsync(
            async () =>
            {
                story = [.. (await LogAsync()).Skip(1).Select(Tell)];
                return story.Contains(last);
            },
            () => $"'{last}' in the log, which is {string.Join(", ", story)}");
        return story;
    }

    public async ValueTask DisposeAsync()
    {
        Models.Dispose();
        await Connection.DisposeAsync();
        await _provider.DisposeAsync();
    }

    private static ConfigLayers WithGlobal(long revision, JsonObject document) =>
        ConfigLayers.Empty with { Global = new LayerVersion(revision, document) };

    private static string Tell(SessionEvent happened) => happened switch
    {
        InputAccepted e => $"input:{e.Text}",
        TurnStarted e => $"started:{e.Input}",
        TokenProduced e => $"token:{e.Text}",
        TurnCompleted => "completed",
        TurnCancelled e => $"cancelled:{e.By}",
        TurnFailed e => $"failed:{e.Error}",
        GuardTripped e => $"guard:{e.Guard}",
        ConfigChanged => "config",
        SessionClosed => "closed",
        SessionMoved e => $"moved:{e.Why}",
        ModelSwitched e => $"switched:{e.How}",
        ToolCalled e => $"called:{e.Name}",
        ToolReturned e => $"returned:{e.Error ?? e.Result}",
        _ => happened.GetType().Name,
    };

    private sealed class NoServer : Microsoft.AspNetCore.Hosting.Server.IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(Microsoft.AspNetCore.Hosting.Server.IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
