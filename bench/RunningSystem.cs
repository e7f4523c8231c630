using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Bench;

/// <summary>The system that <c>./run</c> has started in another terminal, as <c>artifacts/run.json</c> tells it.</summary>
internal sealed class RunningSystem : IDisposable
{
    private readonly JsonNode _told;

    private RunningSystem(JsonNode told)
    {
        _told = told;
        Gateway = new Uri((string)told["gateway"]!);
        User = Client("user");
        Operator = Client("operator");
        Model = new HttpClient { BaseAddress = new Uri((string)told["services"]!["model"]![0]!) };
    }

    public Uri Gateway { get; }

    public HttpClient User { get; }

    public HttpClient Operator { get; }

    /// <summary>The simulator's own door.</summary>
    public HttpClient Model { get; }

    public string UserKey => (string)_told["keys"]!["user"]!;

    public static async Task<RunningSystem> FindAsync() =>
        new(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "artifacts", "run.json")))!);

    /// <summary>The live pods of a kind, by the registry.</summary>
    public async Task<List<JsonObject>> PodsAsync(string kind) =>
        [.. (await Operator.GetFromJsonAsync<List<JsonObject>>("/v1/instances"))!.Where(pod => (string)pod["kind"]! == kind)];

    /// <summary>Waits until exactly so many agents are there, and all are ready: the dead have left, the new have come.</summary>
    public Task SettledAsync(int agents) => Poll.UntilAsync(
        async () => await PodsAsync("agent") is var pods && pods.Count == agents
            && pods.TrueForAll(pod => (string)pod["state"]! == "ready" && Directory.Exists($"/proc/{pod["pid"]}")),
        $"{agents} ready agents");

    /// <summary>The next requests to the model meet this fault.</summary>
    public async Task OrderAsync(object fault)
    {
        using var ordered = await Model.PostAsJsonAsync("/admin/faults", fault);
        ordered.EnsureSuccessStatusCode();
    }

    /// <summary>Processor time of each service's processes, by its name, since they started.</summary>
    public Dictionary<string, TimeSpan> Work() => _told["pids"]!.AsObject().ToDictionary(
        service => service.Key,
        service => TimeSpan.FromTicks(service.Value!.AsArray().Sum(pid => WorkOf((int)pid!))));

    public void Dispose()
    {
        User.Dispose();
        Operator.Dispose();
        Model.Dispose();
    }

    private static long WorkOf(int pid)
    {
        using var process = Process.GetProcessById(pid);
        return process.TotalProcessorTime.Ticks;
    }

    private HttpClient Client(string key) => new()
    {
        BaseAddress = Gateway,
        Timeout = TimeSpan.FromMinutes(5),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", (string)_told["keys"]![key]!) },
    };
}
