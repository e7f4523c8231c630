using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests;

/// <summary>A store of its own, and the service on it as a process; it has settled.</summary>
internal sealed class BudgetSystem : IAsyncDisposable
{
    private readonly RedisProcess _redis;
    private readonly ServiceProcess _service;

    private BudgetSystem(RedisProcess redis, ServiceProcess service)
    {
        (_redis, _service) = (redis, service);
        Pod = service.Client("service");
        Operator = service.Client("operator");
    }

    public HttpClient Pod { get; }

    public HttpClient Operator { get; }

    public static async Task<BudgetSystem> StartAsync(RedisKind kind)
    {
        var redis = await RedisProcess.StartAsync(kind);
        var system = new BudgetSystem(redis, await ServiceProcess.StartAsync(
            "Budget.Service", new Dictionary<string, string> { ["ConnectionStrings__redis"] = redis.ConnectionString }));
        await Poll.UntilAsync(
            async () => (await system.SyncAsync(LedgerHarness.Want($"{Guid.NewGuid()}", 1))).Tokens == 1, "the ledger to settle");
        return system;
    }

    public HttpClient Client(string? role) => _service.Client(role);

    public async Task<LeaseGrant> SyncAsync(LeaseWant want) => (await SyncAsync(new BudgetSync("pod", [want], [], 0))).Leases[0];

    public async Task<BudgetSyncReply> SyncAsync(BudgetSync sync)
    {
        using var response = await Pod.PostAsJsonAsync("/v1/budget/sync", sync, WireJson.Types.BudgetSync);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync(WireJson.Types.BudgetSyncReply))!;
    }

    public async Task<BudgetNode> LimitAsync(string name, object limit)
    {
        using var response = await Operator.PutAsJsonAsync($"/v1/budget/limits/{name}", limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync(WireJson.Types.BudgetNode))!;
    }

    /// <summary>The type of an answer that is a problem.</summary>
    public static async Task<string> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["type"]!;
    }

    public async ValueTask DisposeAsync()
    {
        Pod.Dispose();
        Operator.Dispose();
        await _service.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
