using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>The services' signals, from an operator's write to the next turn.</summary>
public sealed class SignalTests(SignalTests.OwnSystem system) : IClassFixture<SignalTests.OwnSystem>
{
    [Fact]
    public async Task Budget_UsedUp_RefusesTheStandardTierAndPassesVips()
    {
        using var operatorClient = system.Gateway("operator");
        await SetLimitAsync(operatorClient, 1);
        try
        {
            using var refused = await Poll.UntilAsync(
                async () => await CompleteAsync("user") is { StatusCode: HttpStatusCode.TooManyRequests } response ? response : null, "a refusal");
            Assert.Equal("budget_exhausted", (string)(await refused.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]!);
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            var failed = await LastOfTurnAsync("user");
            Assert.Equal(("turn.failed", "budget-exhausted"), ((string)failed["type"]!, (string?)failed["error"]));
            Assert.InRange((double)failed["retryAfterSeconds"]!, 0, 60);
            using var vip = await CompleteAsync("vip");
            Assert.Equal(HttpStatusCode.OK, vip.StatusCode);
            Assert.Equal("turn.completed", (string)(await LastOfTurnAsync("vip"))["type"]!);
        }
        finally
        {
            await SetLimitAsync(operatorClient, 1_000_000);
        }

        await Poll.UntilAsync(async () => (await CompleteAsync("user")).IsSuccessStatusCode, "admission again");
    }

    [Fact]
    public async Task Budget_Turns_AreSettledOnce()
    {
        using var operatorClient = system.Gateway("operator");
        await Poll.UntilAsync(
            async () =>
            {
                // Retried where a window ends in between.
                var before = await operatorClient.GetFromJsonAsync<JsonObject>("/v1/budget");
                using var answered = await CompleteAsync("user");
                var usage = (long)(await answered.Content.ReadFromJsonAsync<JsonObject>())!["usage"]!["total_tokens"]!;
                var after = await Poll.UntilAsync(
                    async () => await operatorClient.GetFromJsonAsync<JsonObject>("/v1/budget") is { } status
                        && (long)status["usedTokens"]! != (long)before!["usedTokens"]! ? status : null, "the settlement");
                return (string)after["windowEndsAt"]! == (string)before!["windowEndsAt"]!
                    && (long)after["usedTokens"]! == (long)before["usedTokens"]! + usage;
            },
            "a turn that was settled within one window");
    }

    [Fact]
    public async Task Chaos_Experiment_FailsCallsUntilItIsStopped()
    {
        using var operatorClient = system.Gateway("operator");
        using var described = await operatorClient.PutAsJsonAsync("/v1/chaos/experiments/outage", new { errorRate = 1.0, ttlSeconds = 60, seed = 1 });
        described.EnsureSuccessStatusCode();
        (await operatorClient.PostAsync("/v1/chaos/experiments/outage/start", null)).EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => await AnsweredByAsync() == "rule-based", "no model to answer");

        (await operatorClient.PostAsync("/v1/chaos/experiments/outage/stop", null)).EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => await AnsweredByAsync() != "rule-based", "calm");
    }

    private async Task<JsonObject> LastOfTurnAsync(string key)
    {
        using var conversation = await Conversation.OpenAsync(system, key);
        return (await conversation.UntilEndOfAsync(await conversation.SayAsync("1", "hello")))[^1];
    }

    private async Task<string?> AnsweredByAsync()
    {
        using var answered = await CompleteAsync("user");
        return (string?)(await answered.Content.ReadFromJsonAsync<JsonObject>())!["model"];
    }

    private static async Task SetLimitAsync(HttpClient operatorClient, long limit) =>
        (await operatorClient.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens = limit })).EnsureSuccessStatusCode();

    private async Task<HttpResponseMessage> CompleteAsync(string key)
    {
        using var gateway = system.Gateway(key);
        return await gateway.PostAsJsonAsync("/v1/chat/completions", new
        {
            model = "sim-small",
            max_tokens = 5,
            messages = new[] { new { role = "user", content = "hello" } },
        });
    }

    public sealed class OwnSystem : SystemFixture;
}
