using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>What is there already of "a pod dies and nobody notices": the session goes on elsewhere.</summary>
public sealed class PodDeathTests(PodDeathTests.OwnSystem system) : IClassFixture<PodDeathTests.OwnSystem>
{
    [Fact]
    public async Task Owner_KilledInMidAnswer_SessionGoesOnOnAnotherPodWithoutGap()
    {
        using var conversation = await Conversation.OpenAsync(system);
        var done = await conversation.SayAsync("1", "What is a canary?");
        await conversation.UntilEndOfAsync(done);
        using var operatorClient = system.Gateway("operator");
        using var gateway = system.Gateway();
        var owner = (string)(await gateway.GetFromJsonAsync<JsonObject>($"/v1/sessions/{conversation.Id}"))!["owner"]!["pod"]!;
        var pods = (await operatorClient.GetFromJsonAsync<List<JsonObject>>("/v1/instances"))!;
        var pid = (int)pods.Single(pod => (string)pod["name"]! == owner)["pid"]!;

        var cut = await conversation.SayAsync("2", "And what is a shadow, at length?");
        var seen = new List<JsonObject>();
        await foreach (var happened in conversation.EventsAsync())
        {
            if (happened["seq"] is null)
            {
                continue;
            }

            seen.Add(happened);
            if ((string)happened["type"]! == "token" && (string)happened["turn"]! == cut && SystemFixture.IsAlive(pid))
            {
                Process.GetProcessById(pid).Kill();
            }

            if ((string)happened["type"]! == "turn.failed")
            {
                break; // told by the next owner, on the same connection
            }
        }

        Assert.Equal(Enumerable.Range(1, seen.Count).Select(seq => (long)seq), seen.Select(happened => (long)happened["seq"]!));
        Assert.Equal("interrupted", (string)seen[^1]["error"]!);
        var again = await conversation.SayAsync("3", "Once more?");
        Assert.Equal("turn.completed", (string)(await conversation.UntilEndOfAsync(again))[^1]["type"]!);
        var now = (await gateway.GetFromJsonAsync<JsonObject>($"/v1/sessions/{conversation.Id}"))!["owner"]!;
        Assert.NotEqual(owner, (string)now["pod"]!);
        Assert.Equal(2, (long)now["epoch"]!);
        await Poll.UntilAsync(
            async () => (await operatorClient.GetFromJsonAsync<List<JsonObject>>("/v1/instances"))!.All(pod => (string)pod["name"]! != owner),
            "the dead pod to leave the registry");
    }

    public sealed class OwnSystem : SystemFixture;
}
