using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.AppHost.Tests;

/// <summary>The configuration's service dies: nobody notices, and afterwards all agree again.</summary>
public sealed class ConfigOutageTests(ConfigOutageTests.OwnSystem system) : IClassFixture<ConfigOutageTests.OwnSystem>
{
    [Fact]
    public async Task ConfigService_Killed_SessionsAndNewPodsGoOnAndConvergeAfterwards()
    {
        using var admin = new OperatorClient(system.Gateway("operator"));
        await admin.ChangeAsync("global", new { systemPrompt = "You are the last known good." });
        await admin.ChangeAsync("tenant/demo", new { promptVersion = "demo-7" });
        using var running = await Conversation.OpenAsync(system);
        await AnswersAsync(running, "1", "Before the outage?");

        var pids = await system.ProcessesAsync(atLeast: 8);
        var config = pids.Single(pid => pid.Key.StartsWith("config", StringComparison.Ordinal));
        var agent = pids.First(pid => pid.Key.StartsWith("agent", StringComparison.Ordinal));
        Process.GetProcessById(config.Value).Kill();
        await Poll.UntilAsync(() => !SystemFixture.IsAlive(config.Value), "the end of the service");

        await AnswersAsync(running, "2", "During the outage?");
        using var fresh = await Conversation.OpenAsync(system);
        await AnswersAsync(fresh, "1", "A new session?");

        // A pod that starts now has only what others kept for it.
        var before = await AgentsAsync(admin.Http);
        await using var newPod = Replica.StartLike(agent.Value, "Agent.Api");
        await Poll.UntilAsync(
            async () => newPod.HasExited ? throw new InvalidOperationException(newPod.Output) : (await AgentsAsync(admin.Http)).Except(before).Any(),
            "a new pod in the registry");
        var pod = (await AgentsAsync(admin.Http)).Except(before).Single();
        await AnswersAsync(await OnPodAsync(pod), "1", "On the new pod?");

        using (var model = system.Model())
        {
            var requests = (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!;
            Assert.All(requests.Select(request => (string)request["messages"]![0]!["content"]!), prompt => Assert.Equal("You are the last known good.", prompt));
        }

        await RestartAsync(config.Key);
        await Poll.UntilAsync(
            async () =>
            {
                using var response = await admin.Http.GetAsync("/v1/config/layers/global");
                return response.IsSuccessStatusCode;
            },
            "the service");
        await admin.ChangeAsync("global", new { systemPrompt = "You are new." });
        var report = await admin.ConvergedAsync(pods: 3);
        Assert.Equal(3, report["pods"]!.AsArray().Count(known => (long)known!["revision"]! == (long)report["revision"]!));
        await AnswersAsync(running, "3", "After the outage?");
        Assert.Equal("demo-7", ((string)(await admin.EffectiveAsync($"session={running.Id}"))["config"]!["promptVersion"]!));

        async Task<Conversation> OnPodAsync(string name)
        {
            while (true)
            {
                var conversation = await Conversation.OpenAsync(system);
                if ((string)(await InfoAsync(conversation))["owner"]!["pod"]! == name)
                {
                    return conversation;
                }
            }
        }
    }

    private static async Task<HashSet<string>> AgentsAsync(HttpClient client) =>
        [.. (await client.GetFromJsonAsync<List<JsonObject>>("/v1/instances"))!.Where(pod => (string)pod["kind"]! == "agent").Select(pod => (string)pod["name"]!)];

    private async Task<JsonObject> InfoAsync(Conversation conversation)
    {
        using var gateway = system.Gateway();
        return (await gateway.GetFromJsonAsync<JsonObject>($"/v1/sessions/{conversation.Id}"))!;
    }

    private Task RestartAsync(string resource) =>
        system.App.Services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(resource, KnownResourceCommands.StartCommand);

    private static async Task AnswersAsync(Conversation conversation, string id, string text) =>
        Assert.Equal("turn.completed", (string)(await conversation.UntilEndOfAsync(await conversation.SayAsync(id, text)))[^1]["type"]!);

    public sealed class OwnSystem : SystemFixture;
}
