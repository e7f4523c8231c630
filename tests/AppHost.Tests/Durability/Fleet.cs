using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>One line of the registry of instances.</summary>
internal sealed record Pod(string Name, string Kind, Uri Address, int Pid, string State, int Sessions);

/// <summary>The system's pods and logs, as an operator and Redis know them.</summary>
internal sealed class Fleet(SystemFixture system) : IAsyncDisposable
{
    private readonly HttpClient _operator = system.Gateway("operator");
    private ConnectionMultiplexer? _redis;

    public async Task<List<Pod>> PodsAsync(string kind) =>
        [.. (await _operator.GetFromJsonAsync<List<Pod>>("/v1/instances"))!.Where(pod => pod.Kind == kind && SystemFixture.IsAlive(pod.Pid))];

    /// <summary>Waits until so many pods of a kind take new work.</summary>
    public Task<List<Pod>> ReadyAsync(string kind, int count) => Poll.UntilAsync(
        async () =>
        {
            try
            {
                return (await PodsAsync(kind)).Where(pod => pod.State == "ready").ToList() is var pods && pods.Count == count ? pods : null;
            }
            catch (HttpRequestException)
            {
                return null; // a gateway that was killed, or Redis
            }
        },
        $"{count} pods of kind {kind}");

    /// <summary>The pod that a session lives on.</summary>
    public async Task<Pod?> OwnerAsync(string session)
    {
        var name = (string?)await (await RedisAsync()).HashGetAsync($"session:{{{session}}}:owner", "instance");
        return (await PodsAsync("agent")).Find(pod => pod.Name == name);
    }

    /// <summary>How often a session was taken; 1: by the pod that opened it alone.</summary>
    public async Task<long> EpochAsync(string session)
    {
        var token = (string)(await (await RedisAsync()).HashGetAsync($"session:{{{session}}}:owner", "token"))!;
        return long.Parse(token.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>What the log holds.</summary>
    public async Task<List<JsonObject>> LogAsync(string session) =>
        [.. (await (await RedisAsync()).ListRangeAsync($"session:{{{session}}}:log")).Select(json => JsonNode.Parse((string)json!)!.AsObject())];

    /// <summary>Drains a pod, by the API.</summary>
    public async Task DrainAsync(Pod pod, object order)
    {
        using var response = await _operator.PostAsJsonAsync($"/v1/instances/{pod.Name}/drain", order);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    /// <summary>Takes the order back.</summary>
    public async Task UndrainAsync(Pod pod)
    {
        using var response = await _operator.PostAsync($"/v1/instances/{pod.Name}/undrain", null);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    /// <summary>One more pod, and so many new sessions on it and on no other.</summary>
    public async Task<(ChildProcess Process, Pod Pod, List<Conversation> Conversations)> CrowdAsync(int sessions)
    {
        var others = await PodsAsync("agent");
        var process = Replica.StartLike(others[0].Pid, "Agent.Api");
        var pod = (await ReadyAsync("agent", others.Count + 1)).Single(ready => ready.Pid == process.Id);
        foreach (var other in others)
        {
            await DrainAsync(other, new { softSeconds = 0, hardSeconds = 600, exit = false });
        }

        var opened = new ConcurrentBag<Conversation>();
        await Parallel.ForEachAsync(Enumerable.Range(0, sessions), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) => opened.Add(await Conversation.OpenAsync(system)));
        foreach (var other in others)
        {
            await UndrainAsync(other);
        }

        await Poll.UntilAsync(async () => (await PodsAsync("agent")).Single(known => known.Name == pod.Name).Sessions >= sessions, $"{sessions} sessions on {pod.Name}");
        return (process, pod, [.. opened]);
    }

    public async ValueTask DisposeAsync()
    {
        _operator.Dispose();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    private async Task<IDatabase> RedisAsync()
    {
        _redis ??= await ConnectionMultiplexer.ConnectAsync((await system.App.GetConnectionStringAsync("redis"))!);
        return _redis.GetDatabase();
    }
}
