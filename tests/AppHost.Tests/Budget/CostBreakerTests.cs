using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>The cost breaker (S7) over the whole path: calls, pods, ledger, velocity, breaker, signal, admission.</summary>
public sealed class CostBreakerTests(CostBreakerSystem system) : IClassFixture<CostBreakerSystem>
{
    private const double Factor = 3;

    // The quarter seconds of the pod's word and the breaker's look, whole seconds in the ledger, and what a busy machine adds.
    private static readonly TimeSpan Path = TimeSpan.FromSeconds(1.5);

    [Fact]
    public async Task Step_SixTimesTheUsual_PausesOthersThanVipsUntilItIsCalm()
    {
        const double window = 4;
        await system.BeginAnewAsync(Knobs(window, history: 3, coolDown: 4, "pause"));
        var before = (await system.AuditAsync()).Count;
        await using var load = await system.LoadAsync(window + 3);

        AssertSoon(await system.StepAsync(load), window, load);

        using var refused = await Poll.UntilAsync(
            async () => await system.CompleteAsync("user") is { StatusCode: HttpStatusCode.TooManyRequests } response ? response : null, "a refusal");
        Assert.Equal("cost_breaker_open", (string)(await refused.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]!);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 5);
        using var vip = await system.CompleteAsync("vip");
        Assert.Equal(HttpStatusCode.OK, vip.StatusCode);

        // On trial the load is still there; then it is not.
        await system.UntilAsync("half-open");
        await system.UntilAsync("open");
        load.Change(CostBreakerSystem.Usual);
        await system.UntilAsync("closed");
        using var served = await Poll.UntilAsync(
            async () => await system.CompleteAsync("user") is { IsSuccessStatusCode: true } response ? response : null, "an answer");

        var steps = (await system.AuditAsync()).Reverse().Skip(before).ToList();
        Assert.Equal(
            ["velocity: open (pause)", "cool-down: half-open", "velocity: open (pause)", "cool-down: half-open", "calm: closed"],
            steps.Select(step => $"{step["by"]}: {step["to"]}"));
    }

    [Fact]
    public async Task Step_WithDowngrade_HasOthersThanVipsAnsweredByTheCheapPlan()
    {
        const double window = 2;
        await system.BeginAnewAsync(Knobs(window, history: 3, coolDown: 60, "downgrade", "sim-small"));
        await using var load = await system.LoadAsync(window + 3);

        AssertSoon(await system.StepAsync(load), window, load);

        Assert.Equal("sim-small", (string)(await system.BreakerAsync())["plan"]!);
        var asked = 0;
        var (question, events) = await Poll.UntilAsync<Tuple<string, List<JsonObject>>>(
            async () => await AskAsync("user", $"Who are you now, {++asked}?") is var answer && answer.Item2.Exists(IsSwitch) ? answer : null, "a downgrade");
        var switched = events.Single(IsSwitch);
        Assert.Equal(
            ("sim-large", "sim-small", "cost-breaker-open", "turn.completed"),
            ((string)switched["from"]!, (string)switched["to"]!, (string)switched["why"]!, (string)events[^1]["type"]!));
        Assert.Equal(["sim-small"], await ModelsAsync(question));
        (question, events) = await AskAsync("vip", "And who are you, for a VIP?");
        Assert.DoesNotContain(events, IsSwitch);
        Assert.Equal(["sim-large"], await ModelsAsync(question));

        // The configuration's action holds also where it changes meanwhile.
        await system.Operator.ChangeAsync("global", new { budget = new { breakerAction = "pause" } });
        await Poll.UntilAsync(async () => (string)(await system.BreakerAsync())["action"]! == "pause", "the other action");
        using var refused = await Poll.UntilAsync(
            async () => await system.CompleteAsync("user") is { StatusCode: HttpStatusCode.TooManyRequests } response ? response : null, "a refusal");
        Assert.Equal("config", (string)(await system.AuditAsync())[0]["by"]!);
        await system.OrderAsync("close", "The test is over.");
    }

    [Fact]
    public async Task Step_AtTheUsualWindow_OpensWithinFiveSeconds()
    {
        const double window = 10;
        await system.BeginAnewAsync(Knobs(window, history: 10, coolDown: 60, "pause"));
        await using var load = await system.LoadAsync(window + 10);

        var took = await system.StepAsync(load);

        AssertSoon(took, window, load);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(5) + load.Slowest);
        await system.OrderAsync("close", "The test is over.");
    }

    [Fact]
    public async Task Order_OfAnOperator_HoldsUntilTheNextAndIsAudited()
    {
        await system.BeginAnewAsync(Knobs(2, history: 3, coolDown: 1, "downgrade", "sim-small"));
        foreach (var key in new[] { "user", "vip" })
        {
            using var gateway = system.Gateway(key);
            using var ordered = await gateway.PostAsJsonAsync("/v1/budget/breaker/open", new { reason = "I wish to." });
            using var read = await gateway.GetAsync("/v1/budget/breaker");
            using var audit = await gateway.GetAsync("/v1/budget/audit");
            Assert.All([ordered, read, audit], response => Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode));
        }

        var before = (await system.AuditAsync()).Count;
        var opened = await system.OrderAsync("open", "The bill is too high.", "pause");
        var again = await system.OrderAsync("open", "The bill is too high.", "pause");
        Assert.Equal(("open", "pause", null), ((string)opened["state"]!, (string)opened["action"]!, (string?)opened["until"]));
        Assert.Equal(opened.ToJsonString(), again.ToJsonString());
        using var refused = await Poll.UntilAsync(
            async () => await system.CompleteAsync("user") is { StatusCode: HttpStatusCode.TooManyRequests } response ? response : null, "a refusal");
        Assert.Null(refused.Headers.RetryAfter); // nobody knows
        using var vip = await system.CompleteAsync("vip");
        Assert.Equal(HttpStatusCode.OK, vip.StatusCode);

        var closed = await system.OrderAsync("close", "It was paid.");
        Assert.Equal("closed", (string)closed["state"]!);
        using var served = await Poll.UntilAsync(
            async () => await system.CompleteAsync("user") is { IsSuccessStatusCode: true } response ? response : null, "an answer");
        var steps = (await system.AuditAsync()).Reverse().Skip(before).ToList();
        Assert.Equal(
            ["closed -> open (pause): The bill is too high.", "open (pause) -> closed: It was paid."],
            steps.Select(step => $"{step["from"]} -> {step["to"]}: {step["reason"]}"));
        Assert.All(steps, step => Assert.DoesNotContain((string)step["by"]!, new[] { "velocity", "cool-down", "calm", "config", "" }));
    }

    private static object Knobs(double window, double history, double coolDown, string action, string? cheap = null) => new
    {
        velocityWindowSeconds = window,
        velocityFactor = Factor,
        velocityFloor = 100_000,
        baselineMinimumSeconds = history,
        breakerCoolDownSeconds = coolDown,
        breakerAction = action,
        cheapPlan = cheap,
    };

    // A step to k times the usual has burnt three times as much in a window W after 2W / (k - 1).
    private static void AssertSoon(TimeSpan took, double window, CostBreakerLoad load) =>
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds((Factor - 1) * window / (6 - 1)) + Path + load.Slowest);

    private static bool IsSwitch(JsonObject happened) => (string)happened["type"]! == "model.switched";

    private async Task<Tuple<string, List<JsonObject>>> AskAsync(string key, string question)
    {
        using var conversation = await Conversation.OpenAsync(system, key);
        return Tuple.Create(question, await conversation.UntilEndOfAsync(await conversation.SayAsync("1", question)));
    }

    private async Task<IEnumerable<string>> ModelsAsync(string question)
    {
        using var model = system.Model();
        return (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!
            .Where(request => (string?)request["messages"]!.AsArray()[^1]!["content"] == question)
            .Select(request => (string)request["model"]!);
    }
}
