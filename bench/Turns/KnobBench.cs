using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Turns;

/// <summary>
/// On a system that <c>./run</c> has started: from sending a change of an immediate knob to the end of the running answer, as its
/// client sees it. The gateway, Config.Service, Redis, the pod and the session's log lie between.
/// </summary>
internal static class KnobBench
{
    private const int Rounds = 60;

    public static async Task RunAsync()
    {
        using var system = await RunningSystem.FindAsync();

        Console.WriteLine($"kill switch        {await MeasureAsync(
            system, new { drip = 20, count = 1 }, """{"kill":{"answers":true}}""", """{"kill":null}""", "switched-off")}");
        Console.WriteLine($"loop threshold     {await MeasureAsync(
            system, new { repeat = 1, drip = 20, count = 1 }, """{"guards":{"loopRun":4}}""", """{"guards":{"loopRun":10000}}""", "loop-detected")}");
        await ChangeAsync(system.Operator, """{"guards":null}""");
    }

    private static async Task<Latencies> MeasureAsync(
        RunningSystem system, object fault, string change, string undo, string error)
    {
        var (user, admin) = (system.User, system.Operator);
        var latencies = new Latencies();
        await ChangeAsync(admin, undo);
        for (var round = 0; round < Rounds; round++)
        {
            await ConvergedAsync(admin);
            await system.OrderAsync(fault);
            using var opened = await user.PostAsJsonAsync("/v1/sessions", new { });
            var id = (string)(await opened.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
            using var said = await user.PostAsJsonAsync($"/v1/sessions/{id}/inputs", new { id = "1", text = "Tell me a long story." });
            said.EnsureSuccessStatusCode();

            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{id}/events");
            using var response = await user.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await using var body = await response.Content.ReadAsStreamAsync();
            var (tokens, sent) = (0, 0L);
            Task changing = Task.CompletedTask;
            await foreach (var item in SseParser.Create(body).EnumerateAsync())
            {
                if (item.EventType == "token" && ++tokens == 8)
                {
                    sent = TimeProvider.System.GetTimestamp();
                    changing = ChangeAsync(admin, change);
                }

                if (item.EventType is "turn.failed" or "turn.completed")
                {
                    if ((string?)JsonNode.Parse(item.Data)!["error"] != error)
                    {
                        throw new InvalidOperationException($"The answer ended otherwise: {item.Data}");
                    }

                    latencies.Add(TimeProvider.System.GetElapsedTime(sent));
                    break;
                }
            }

            await changing;
            await ChangeAsync(admin, undo);
        }

        return latencies;
    }

    private static async Task ChangeAsync(HttpClient admin, string patch)
    {
        using var read = await admin.GetAsync("/v1/config/layers/global");
        using var write = new HttpRequestMessage(HttpMethod.Patch, "/v1/config/layers/global") { Content = new StringContent(patch, null, "application/json") };
        write.Headers.IfMatch.Add(read.Headers.ETag!);
        using var written = await admin.SendAsync(write);
        written.EnsureSuccessStatusCode();
    }

    private static Task ConvergedAsync(HttpClient admin) => Poll.UntilAsync(
        async () => (bool)(await admin.GetFromJsonAsync<JsonObject>("/v1/config/convergence"))!["converged"]!, "convergence");
}
