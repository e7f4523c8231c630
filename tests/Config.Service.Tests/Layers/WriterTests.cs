using System.Net;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Config.Tests.Layers;

/// <summary>Many writers at once, on two instances of the service.</summary>
public class WriterTests
{
    private const int Writers = 1_000;
    private static readonly string[] Scopes = ["layers/global", "layers/group/vip", "layers/tenant/acme"];

    /// <summary>Each writer adds a word to one layer, by PATCH or by PUT, until its write is taken.</summary>
    [Theory]
    [InlineData(RedisKind.Server, 1)]
    [InlineData(RedisKind.Garnet, 2)]
    public async Task Write_AThousandAtOnce_LosesNoneAndLeavesAGaplessHistory(RedisKind kind, int seed)
    {
        await using var system = await ConfigSystem.StartAsync(kind, instances: 2);
        ConfigClient[] clients = [system.Client(0), system.Client(1)];
        var random = new Random(seed);
        var plan = Enumerable.Range(0, Writers).Select(i => (
            Writer: i, Scope: Scopes[random.Next(Scopes.Length)], Client: clients[random.Next(2)], Patches: random.Next(2) == 0)).ToList();

        var taken = new int[Writers];
        await Parallel.ForEachAsync(plan, new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (work, _) =>
            taken[work.Writer] = await WriteAsync(work.Client, work.Scope, work.Writer, work.Patches));

        foreach (var scope in Scopes)
        {
            var own = plan.Where(work => work.Scope == scope).ToList();
            var (revision, document) = await clients[0].ReadAsync(scope);
            Assert.Equal(own.Count, revision);
            Assert.Equal(Enumerable.Range(1, own.Count), own.Select(work => taken[work.Writer]).Order());
            Assert.Equal( // in the order of their revisions
                string.Concat(own.OrderBy(work => taken[work.Writer]).Select(work => $"|{work.Writer}")), (string)document["systemPrompt"]!);
            Assert.Equal(revision, (await clients[1].ReadAsync(scope)).Revision);

            var history = new List<int>();
            while (history.Count == 0 || history[^1] > 1)
            {
                var before = history.Count == 0 ? "" : $"?before={history[^1]}";
                history.AddRange((await clients[0].GetAsync<JsonArray>($"{scope}/history{before}")).Select(entry => (int)entry!["revision"]!));
            }

            Assert.Equal(Enumerable.Range(1, own.Count).Reverse(), history);
        }

        var audit = await clients[0].GetAsync<JsonArray>("audit?limit=1000");
        Assert.Equal(Writers, audit.Select(entry => (long)entry!["storeRevision"]!).Distinct().Count());
        Assert.Equal(Writers + 1, (long)(await clients[1].GetAsync<JsonObject>("layers"))["revision"]!);
    }

    private static async Task<int> WriteAsync(ConfigClient client, string scope, int writer, bool patches)
    {
        while (true)
        {
            var (revision, document) = await client.ReadAsync(scope);
            var change = new JsonObject { ["systemPrompt"] = $"{document["systemPrompt"]}|{writer}" }.ToJsonString();
            using var response = patches ? await client.PatchAsync(scope, change, revision) : await client.PutAsync(scope, change, revision);
            if (response.IsSuccessStatusCode)
            {
                return (int)ConfigClient.RevisionOf(response);
            }

            Assert.Equal(HttpStatusCode.PreconditionFailed, response.StatusCode);
        }
    }
}
