using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>A system with one route for each fault, and for each two plans: one that goes on with a route that can continue, one with one that cannot.</summary>
public sealed class FaultySystem : IAsyncLifetime
{
    public const string VendorKey = "key-of-the-vendor";
    public const string OwnKey = "key-of-the-test";
    public const string SystemPrompt = "You are under test.";

    /// <summary>The model of the routes that have a fault.</summary>
    public const string FaultyModel = "sim-large";

    /// <summary>Between two tokens of the route that drips: too slow altogether, but never a stall.</summary>
    public static readonly TimeSpan Drip = TimeSpan.FromSeconds(0.8);

    // Slow enough for a caller who gives up to be noticed in mid-answer.
    private const string Unhurried = "/faulty/drip=25/v1";

    private ServiceProcess _vendor = null!;
    private HttpClient _client = null!;
    private RoutedSystem _system = null!;

    public HttpClient Gateway(string key = "user") => _system.Gateway(key);

    public static string PlanOf(string fault, string next) => $"{fault}-then-{next}";

    public async ValueTask InitializeAsync()
    {
        _vendor = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__ApiKeys__0"] = VendorKey,
            ["Simulator__ApiKeys__1"] = OwnKey,
            ["Simulator__Speed"] = "0",
        });
        _client = _vendor.Client(null);
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OwnKey);
        _system = new RoutedSystem(_vendor.Address);
        await _system.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _system.DisposeAsync();
        _client.Dispose();
        await _vendor.DisposeAsync();
    }

    /// <summary>What a model says, token by token, when nothing goes wrong.</summary>
    internal async Task<IReadOnlyList<string>> AskAsync(string model, string question, string? prefill = null)
    {
        var messages = new JsonArray(Message("system", SystemPrompt), Message("user", question));
        if (prefill is not null)
        {
            messages.Add((JsonNode)Message("assistant", prefill));
        }

        using var response = await _client.PostAsJsonAsync("/v1/chat/completions", new JsonObject { ["model"] = model, ["messages"] = messages, ["stream"] = true });
        return [.. (await CallerAnswer.ReadAsync(response, default)).Pieces];

        static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
    }

    /// <summary>What the system has asked the vendor.</summary>
    internal async Task<IReadOnlyList<JsonObject>> RequestsAsync() =>
        [.. (await _client.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!.Where(request => (int)request["key"]! == 0)];

    /// <summary>Forgets them.</summary>
    internal async Task ForgetRequestsAsync() => (await _client.DeleteAsync("/admin/requests")).EnsureSuccessStatusCode();

    /// <summary>What the store has printed last: without it everything fails.</summary>
    public string StoreTail() => _system.Printed.TailOf("redis");

    /// <summary>Nothing has gone wrong in any process.</summary>
    public void AssertNoException() => _system.Printed.AssertNoException();

    private sealed class RoutedSystem(Uri vendor) : SystemFixture
    {
        protected override string RedisMode => "embedded";

        protected override IEnumerable<string> Settings =>
        [
            "--Agents:Replicas=1",
            $"--Models:Default={NextRoute.Able.Name}",
            .. new[] { NextRoute.Able, NextRoute.Unable }.SelectMany(next => Route(
                next.Name, new Uri(vendor, Unhurried), next.Model, VendorKey, TimeSpan.FromSeconds(20), next.Prefill)),
            .. FaultCase.All.SelectMany(fault => Route(
                fault.Name, fault.Endpoint(vendor), FaultyModel, fault.Key, fault.FirstTokenTimeout, "None")),
            .. FaultCase.All.SelectMany(fault => new[] { NextRoute.Able, NextRoute.Unable }.SelectMany(next => Plan(fault.Name, next.Name))),
            .. PrintedLines.Settings,
        ];

        private static IEnumerable<string> Route(string name, Uri endpoint, string model, string key, TimeSpan patience, string prefill) =>
        [
            $"--Models:Routes:{name}:Endpoint={endpoint}",
            $"--Models:Routes:{name}:Model={model}",
            $"--Models:Routes:{name}:ApiKey={key}",
            $"--Models:Routes:{name}:FirstTokenTimeout={patience}",
            $"--Models:Routes:{name}:Prefill={prefill}",
            $"--Models:Routes:{name}:FallbackCalls=1000",
        ];

        private static IEnumerable<string> Plan(string fault, string next) =>
        [
            $"--Models:Plans:{PlanOf(fault, next)}:0={fault}",
            $"--Models:Plans:{PlanOf(fault, next)}:1={next}",
        ];
    }
}
