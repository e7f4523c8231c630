using System.Diagnostics.Metrics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspireAgent.Bench.Models;

/// <summary>
/// The same question to the same client: bare, through a plan whose first route serves, and as a turn, which ends where its events would be
/// written to the log. Composed as in the service; nobody listens to metrics and traces.
/// </summary>
internal sealed class PlanLevels : IDisposable
{
    private const string Words = "Tell me about the weather.";

    private readonly IChatClient _client;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddHttpClient().BuildServiceProvider();
    private readonly LiveKnobs _knobs = new();
    private readonly ModelRequest _request;
    private readonly ModelCatalog _catalog;
    private readonly PlanRunner _plans;
    private readonly TurnPipeline _turns;
    private readonly TurnConfig _config;

    public PlanLevels(IChatClient client, int tokens)
    {
        _client = client;
        _config = new TurnConfig { MaxOutputTokens = tokens };
        _request = new ModelRequest(
            [new ChatMessage(ChatRole.System, _config.SystemPrompt), new ChatMessage(ChatRole.User, Words)], new ChatOptions { MaxOutputTokens = tokens });

        var (meters, time, scheduler) = (_services.GetRequiredService<IMeterFactory>(), TimeProvider.System, DefaultScheduler.Instance);
        var (metrics, resilience) = (new ModelMetrics(meters), Observable.Return(_knobs.Resilience));
        RouteCaller Caller(ModelRoute route) => new(
            route, new RouteHealth(route, resilience, metrics, time, scheduler, Random.Shared), metrics, time, scheduler);
        var (first, second) = (new ModelRoute("a", "a", client, 8_000), new ModelRoute("b", "b", client, 8_000));
        _catalog = new ModelCatalog([Caller(first), Caller(second)], new Dictionary<string, string[]> { ["both"] = ["a", "b"] }, "both");
        _plans = new PlanRunner(resilience, metrics, scheduler);

        var tools = new ToolRegistry([]);
        var health = new ToolHealth(Observable.Return(TimeSpan.FromMinutes(1)), time);
        _turns = new TurnPipeline(
            _catalog, _plans, tools, new ToolRunner(tools, health, new ToolMetrics(meters, health), scheduler, time, NullLogger<ToolRunner>.Instance),
            new TurnAdmission(new Plenty(), new OutputEstimator(), new ProducedTokens(), _ => { }, time, new AdmissionMetrics(meters)), new TokenCounter(), new AgentMetrics(meters, new SubscriptionCount()), NullLogger<TurnPipeline>.Instance);
    }

    public async Task BareAsync()
    {
        await foreach (var _ in _client.GetStreamingResponseAsync(_request.Messages, _request.Options))
        {
        }
    }

    public async Task PlanAsync()
    {
        var plan = _catalog.PlanFor(null, "");
        using var knobs = new BehaviorSubject<LiveKnobs>(_knobs); // each session has its own
        var context = new CallContext(knobs.OnItsOwnThread(), _ => default, _ => { }, _ => { });
        await _plans.Speak(new PlanCall(plan, plan.Routes, _ => _request, _knobs, context)).LastAsync();
    }

    public async Task TurnAsync()
    {
        var time = TimeProvider.System;
        var input = new InputAccepted("1", Words) { Seq = 1, Turn = "turn", At = time.GetUtcNow() };
        var before = SessionState.Empty.Apply(input);
        var state = before.Apply(new TurnStarted("1", new Dictionary<string, long>()) { Seq = 2, Turn = "turn" });
        using var knobs = new BehaviorSubject<LiveKnobs>(_knobs);
        using var stop = new Subject<CancelledBy>();
        var clock = new TurnClock(time, time.GetTimestamp());
        var session = new TurnSession(
            "session", clock, stop.ObserveOn(PoolScheduler.Instance), knobs.OnItsOwnThread(), _ => default, () => state, _ => Task.FromResult(true));
        var end = await _turns
            .Run(new TurnRequest(new TurnInput(input, time.GetTimestamp(), default), new TurnSnapshot(_config, new Dictionary<string, long>()), null, before), session)
            .Do(happened =>
            {
                if (happened is TokenProduced && state.Running!.FirstTokenAt is null)
                {
                    _ = clock.FirstTokenAsync(Task.FromResult(true));
                }

                state = state.Apply(happened with { Seq = state.Seq + 1, At = time.GetUtcNow() });
            })
            .LastAsync();
        if (end is not TurnCompleted)
        {
            throw new InvalidOperationException($"The turn ended otherwise: {end}");
        }
    }

    // A decision on a lease in hand has a bench of its own.
    private sealed class Plenty : ITurnBudget
    {
        public ValueTask<BudgetDecision> AdmitAsync(BudgetAccount account, in BudgetCost cost, bool isVip, CancellationToken cancellationToken) =>
            new(BudgetDecision.Admitted(default));

        public Reservation Resume(BudgetAccount account, in BudgetCost cost, bool isVip) => default;
    }

    public void Dispose()
    {
        _plans.Dispose();
        _catalog.Dispose();
        _services.Dispose();
    }
}
