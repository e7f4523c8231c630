using System.Diagnostics;
using System.Net.Http.Json;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Models.Plans;
using AspireAgent.Agent.Tests.Models.Clients;
using AspireAgent.Contracts.Config;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>Plans over real HTTP, by the clients of the service, against the simulator, by the machine's clock.</summary>
public sealed class WirePlan : IAsyncLifetime
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private ServiceProcess _simulator = null!;
    private RouteHarness _clients = null!;
    private HttpClient _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string> { ["Simulator__Speed"] = "20" });
        _admin = _simulator.Client(null);
        _clients = new RouteHarness(new() { ["Endpoint"] = $"{_simulator.Address}v1", ["Model"] = "sim-large" });
    }

    public async ValueTask DisposeAsync()
    {
        await _clients.DisposeAsync();
        _admin.Dispose();
        await _simulator.DisposeAsync();
        await _provider.DisposeAsync();
    }

    /// <summary>Asks a plan, which may hedge after 2 s, once.</summary>
    /// <param name="faults">The fault of each of its routes, as the simulator has them; empty: none; an address: that one instead.</param>
    /// <param name="withRules">Whether there is a last resort.</param>
    internal async Task<WireAnswer> AskAsync(string[] faults, bool withRules = false)
    {
        var text = $"hello {Guid.NewGuid():N}";
        var knobs = new LiveKnobs { Resilience = new ResilienceKnobs { Retries = 0, HedgeAfterSeconds = 2, HedgeShare = 1 } };
        var (resilience, metrics) = (Observable.Return(knobs.Resilience), new ModelMetrics(_provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()));
        var stamps = faults.Select((fault, i) => new StampedChatClient(Client(fault, i))).ToList();
        var callers = stamps.Select((client, i) => new ModelRoute($"{(char)('a' + i)}", "sim-large", client, 8_000))
            .Select(route => new RouteCaller(
                route, new RouteHealth(route, resilience, metrics, TimeProvider.System, DefaultScheduler.Instance, Random.Shared), metrics,
                TimeProvider.System, DefaultScheduler.Instance))
            .ToList();
        using var plans = new PlanRunner(resilience, metrics, DefaultScheduler.Instance);
        var rules = new ModelRoute("rules", RuleBasedChatClient.Model, new RuleBasedChatClient(new LastResortConfig()), 8_000);
        var call = new PlanCall(
            new ModelPlan("plan", callers), callers, _ => new ModelRequest([new ChatMessage(ChatRole.User, text)], new ChatOptions { MaxOutputTokens = 20 }), knobs,
            new CallContext(Observable.Return(knobs), _ => ValueTask.CompletedTask, _ => { }, _ => { }), withRules ? rules : null);

        var watch = Stopwatch.StartNew();
        TimeSpan? first = null;
        var firstAt = 0L;
        var spoken = await plans.Speak(call)
            .Do(_ =>
            {
                first ??= watch.Elapsed;
                firstAt = firstAt == 0 ? Stopwatch.GetTimestamp() : firstAt;
            })
            .Materialize().ToList();
        callers.ForEach(caller => caller.Health.Dispose());
        return new WireAnswer(
            text, [.. spoken.Where(item => item.HasValue).Select(item => item.Value)], spoken[^1].Exception, first ?? watch.Elapsed,
            Stopwatch.GetElapsedTime(stamps.Max(stamp => stamp.FailedAt), firstAt));
    }

    /// <summary>The requests that were made for an answer, as the simulator saw them, when so many are in a state.</summary>
    internal Task<List<JsonObject>> RequestsAsync(WireAnswer answer, int count, string state) => Poll.UntilAsync(
        async () =>
        {
            var requests = (await _admin.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!
                .Where(request => (string?)request["messages"]![0]!["content"] == answer.Text).ToList();
            return requests.Count(request => (string?)request["state"] == state) == count ? requests : null;
        },
        $"{count} requests that are {state}");

    private IChatClient Client(string fault, int place) => _clients.Services.GetRequiredService<RouteClients>().Create(
        $"{place}", new ModelRouteOptions
        {
            Endpoint = fault.StartsWith("http", StringComparison.Ordinal) ? new Uri(fault)
                : new Uri(_simulator.Address, fault.Length == 0 ? "v1" : $"faulty/{fault}/v1"),
            Model = "sim-large",
        });

    /// <summary>Notes when a call has failed.</summary>
    private sealed class StampedChatClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        private long _failedAt;

        public long FailedAt => Volatile.Read(ref _failedAt);

        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await MoveNextAsync(updates))
            {
                yield return updates.Current;
            }
        }

        private async Task<bool> MoveNextAsync(IAsyncEnumerator<ChatResponseUpdate> updates)
        {
            try
            {
                return await updates.MoveNextAsync();
            }
            catch
            {
                Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());
                throw;
            }
        }
    }
}

/// <summary>What a plan said.</summary>
/// <param name="Text">What it was asked: unique.</param>
/// <param name="Spoken">Its items.</param>
/// <param name="Error">How it failed; null: not.</param>
/// <param name="First">Time to the first word.</param>
/// <param name="SinceLastFailure">From the last failure of a route to the first word.</param>
internal sealed record WireAnswer(string Text, IReadOnlyList<Spoken> Spoken, Exception? Error, TimeSpan First, TimeSpan SinceLastFailure)
{
    public string? Route => Spoken.Count == 0 ? null : Spoken[0].Route.Name;

    public IEnumerable<string> Hops => Spoken.SelectMany(spoken => spoken.Hops).Select(hop => $"{hop.From}>{hop.To} {hop.Why} {hop.How}");
}
