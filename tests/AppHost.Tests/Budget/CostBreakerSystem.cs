using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>A system of its own, whose model takes no time, with what an operator does to its cost breaker.</summary>
public sealed class CostBreakerSystem : SystemFixture
{
    /// <summary>Calls a second that are usual; by their length some 60,000 tokens a minute.</summary>
    public const double Usual = 2;

    // The most that there may be: an order then leaves out all that was burnt before it.
    private const double AllSeconds = 300;

    private OperatorClient _operator = null!;

    protected override IEnumerable<string> Settings => ["--Simulator:Speed=0"];

    internal OperatorClient Operator => _operator ??= new OperatorClient(Gateway("operator"));

    /// <summary>Sets the knobs, and has the baseline begin anew.</summary>
    internal async Task BeginAnewAsync(object knobs)
    {
        await Operator.ChangeAsync("global", new { budget = (object?)null });
        await Operator.ChangeAsync("global", new { budget = new { velocityWindowSeconds = AllSeconds } });
        await OrderAsync("open", "What was before does not count.");
        await Operator.ChangeAsync("global", new { budget = knobs });
        await OrderAsync("close", "From here on.");
    }

    /// <summary>The usual load, for so long that there is a baseline, and it is that load's.</summary>
    internal async Task<CostBreakerLoad> LoadAsync(double historySeconds)
    {
        var load = new CostBreakerLoad(Gateway(), Usual);
        var began = Stopwatch.GetTimestamp();
        JsonNode? burn = null;
        await Poll.UntilAsync(
            async () =>
            {
                burn = (await Operator.Http.GetFromJsonAsync<JsonObject>("/v1/budget"))!["burn"];
                return Stopwatch.GetElapsedTime(began).TotalSeconds >= historySeconds
                    && (double?)burn?["baselineTokensPerMinute"] is { } baseline
                    && (double)burn["velocityTokensPerMinute"]! / baseline is > 0.75 and < 1.35;
            },
            () => $"a baseline; the last is {burn?.ToJsonString()}");
        Tell($"steady: {burn!.ToJsonString()}");
        return load;
    }

    /// <summary>Six times the load, until the breaker is open; how long that took from the first call on.</summary>
    internal async Task<TimeSpan> StepAsync(CostBreakerLoad load)
    {
        var began = Stopwatch.GetTimestamp();
        load.Change(6 * Usual);
        var breaker = await UntilAsync("open", () => string.Join(", ", load.Ended.CountBy(call => call.Status)));
        var took = Stopwatch.GetElapsedTime(began);
        var audit = (await AuditAsync())[0];
        Tell($"open {took.TotalSeconds:0.00} s after the step's start, slowest call {load.Slowest.TotalSeconds:0.00} s: {breaker.ToJsonString()} {audit.ToJsonString()}");
        return took;
    }

    internal Task<JsonObject> UntilAsync(string state, Func<string>? detail = null) => Poll.UntilAsync(
        async () => await BreakerAsync() is { } breaker && (string)breaker["state"]! == state ? breaker : null,
        () => $"the breaker to be {state}; {detail?.Invoke()}");

    internal async Task<JsonObject> BreakerAsync() => (await Operator.Http.GetFromJsonAsync<JsonObject>("/v1/budget/breaker"))!;

    /// <summary>The breaker's steps, newest first.</summary>
    internal async Task<IReadOnlyList<JsonObject>> AuditAsync() =>
        [.. (await Operator.Http.GetFromJsonAsync<JsonObject>("/v1/budget/audit"))!["records"]!.AsArray()
            .Select(record => record!.AsObject()).Where(record => (string)record["what"]! == "breaker")];

    internal async Task<JsonObject> OrderAsync(string order, string reason, string? action = null)
    {
        using var response = await Operator.Http.PostAsJsonAsync(
            $"/v1/budget/breaker/{order}", action is null ? new { reason } : (object)new { reason, action });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    internal async Task<HttpResponseMessage> CompleteAsync(string key)
    {
        using var gateway = Gateway(key);
        return await gateway.PostAsJsonAsync("/v1/chat/completions", new
        {
            model = "agent", max_tokens = 5, messages = new[] { new { role = "user", content = "hello" } },
        });
    }

    internal static void Tell(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
