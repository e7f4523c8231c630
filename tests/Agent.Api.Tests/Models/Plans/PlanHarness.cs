using System.Diagnostics.Metrics;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Contracts.Config;
using AspireAgent.Streams.Breakers;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>A plan whose models the test plays, by name, on a clock that only the test moves.</summary>
internal sealed class PlanHarness : IDisposable
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Dictionary<string, FakeChatClient> _models = [];
    private readonly BehaviorSubject<ResilienceKnobs> _resilience;
    private readonly ModelMetrics _metrics;
    private readonly MetricCollector<long> _attempts;
    private readonly PlanRunner _plans;
    private readonly List<ModelRequest> _unheard = [];

    /// <param name="resilience">In force from the beginning.</param>
    /// <param name="routes">The plan's routes, in order; <paramref name="with"/> may change them.</param>
    /// <param name="with">What is different with a route.</param>
    public PlanHarness(ResilienceKnobs resilience, string[] routes, Func<ModelRoute, ModelRoute>? with = null)
    {
        _resilience = new BehaviorSubject<ResilienceKnobs>(resilience);
        _metrics = new ModelMetrics(Meters);
        _attempts = new MetricCollector<long>(Meters, AgentMetrics.MeterName, "aspireagent.model.attempts");
        _plans = new PlanRunner(_resilience, _metrics, Time.Scheduler);
        Plan = new ModelPlan("plan", [.. routes.Select(name =>
        {
            var route = new ModelRoute(name, $"model-{name}", _models[name] = new FakeChatClient(), 8_000);
            return CallerOf(with?.Invoke(route) ?? route);
        })]);
        Knobs = new BehaviorSubject<LiveKnobs>(new LiveKnobs { Resilience = resilience });
    }

    public IMeterFactory Meters => _provider.GetRequiredService<IMeterFactory>();

    public TestClock Time { get; } = new();

    public Dice Dice { get; } = new();

    public ModelPlan Plan { get; }

    public BehaviorSubject<LiveKnobs> Knobs { get; }

    /// <summary>What was asked, taken by the vendor, and given up before its first word.</summary>
    public IReadOnlyList<ModelRequest> Unheard
    {
        get
        {
            lock (_unheard)
            {
                return [.. _unheard];
            }
        }
    }

    public FakeChatClient this[string route] => _models[route];

    public RouteHealth Health(string route) => Caller(route).Health;

    /// <summary>A call of the plan, of which the test reads what it tells.</summary>
    public Telling Speak(bool withRules = false, Hop? after = null) => Speak(Call(withRules, after));

    public Telling Speak(PlanCall call) => new(_plans.Speak(call).Do(spoken => Take(spoken.Request)));

    public PlanCall Call(bool withRules = false, Hop? after = null) => new(
        Plan, Plan.Routes, RequestFor, Knobs.Value, Context,
        withRules ? new ModelRoute("rules", RuleBasedChatClient.Model, new RuleBasedChatClient(new LastResortConfig { Answer = "Sorry." }), 8_000) : null,
        after);

    /// <summary>One call of one route of the plan.</summary>
    public Telling Speak(
        RouteCaller caller, bool isFallback = false, ModelRequest? request = null, Func<CancellationToken, ValueTask>? room = null)
    {
        var asked = request ?? RequestFor(caller.Route);
        var context = room is null ? Context : Context with { Room = room };
        return new Telling(caller.Speak(asked, isFallback, Knobs.Value, context).Do(_ => Take(asked)), caller.Route.Name);
    }

    /// <summary>Outcomes of attempts, by route, when so many have ended.</summary>
    public async Task<IReadOnlyList<string>> AttemptsAsync(int count)
    {
        await Poll.UntilAsync(() => _attempts.GetMeasurementSnapshot().Count >= count, $"{count} attempts to end");
        return [.. _attempts.GetMeasurementSnapshot().Select(measured => $"{measured.Tags["aspireagent.route"]}: {measured.Tags["aspireagent.outcome"]}")];
    }

    /// <summary>Opens a route's breaker, with <c>BreakerMinimumCalls</c> of 1.</summary>
    public async Task BreakAsync(string route)
    {
        var telling = Speak(Caller(route));
        (await this[route].NextCallAsync()).Fail(Status(500));
        await telling.AllAsync();
        Assert.Equal(BreakerState.Open, Health(route).State);
    }

    /// <summary>Opens a route's breaker and closes it again, so that the traffic comes back by steps.</summary>
    public async Task RecoverAsync(string route)
    {
        await BreakAsync(route);
        Time.Advance(_resilience.Value.BreakSeconds);
        var trial = Speak(Caller(route));
        var call = await this[route].NextCallAsync();
        call.Say("ok");
        call.Finish();
        await trial.AllAsync();
        Assert.Equal(BreakerState.Closed, Health(route).State);
    }

    public RouteCaller Caller(string route) => Plan.Routes.Single(caller => caller.Route.Name == route);

    /// <summary>What an endpoint's refusal looks like.</summary>
    public static RouteRefusedException Status(int status, int? retryAfter = null) => new(
        (System.Net.HttpStatusCode)status,
        retryAfter is { } seconds ? new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds)) : null);

    public void Dispose()
    {
        _plans.Dispose();
        foreach (var caller in Plan.Routes)
        {
            caller.Health.Dispose();
        }

        _attempts.Dispose();
        _provider.Dispose();
    }

    private CallContext Context => new(
        Knobs, _ => ValueTask.CompletedTask,
        request =>
        {
            lock (_unheard)
            {
                _unheard.Add(request);
            }
        },
        Take);

    private void Take(ModelRequest request)
    {
        lock (_unheard)
        {
            _unheard.Remove(request);
        }
    }

    private static ModelRequest RequestFor(ModelRoute route) => new([new ChatMessage(ChatRole.User, $"hello {route.Name}")], new ChatOptions());

    private RouteCaller CallerOf(ModelRoute route) => new(
        route, new RouteHealth(route, _resilience, _metrics, Time, Time.Scheduler, Dice), _metrics, Time, Time.Scheduler);
}

/// <summary>Falls as the test says; in the middle, where nothing jitters, unless it says something.</summary>
internal sealed class Dice : Random
{
    public double Value { get; set; } = 0.5;

    public override double NextDouble() => Value;
}
