using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>The pods' call, over HTTP to the service's process, on the store's own clock.</summary>
public class SyncTests
{
    private const int Pods = 4;
    private const int Limit = 300;

    private static readonly string[] Invalid =
    [
        """{"owner":"","leases":[],"uses":[],"producedTokens":0}""",
        """{"owner":"a","leases":[null],"uses":[],"producedTokens":0}""",
        """{"owner":"a","leases":[{"id":"x","tenant":"t","tier":"s","spentTokens":-1,"wantTokens":0}],"uses":[],"producedTokens":0}""",
        """{"owner":"a","leases":[],"uses":[{"id":"x","tenant":"t","tier":"s","models":[]}],"producedTokens":0}""",
        """{"owner":"a","leases":[],"uses":[{"id":"x","tenant":"t","tier":"s","models":[null]}],"producedTokens":0}""",
        """{"owner":"a","leases":[],"uses":[{"id":"x","tenant":"t","tier":"s","models":[{"model":"m","inputTokens":-1,"outputTokens":0,"microUsd":0}]}],"producedTokens":0}""",
        """{"owner":"a","leases":[],"uses":[],"producedTokens":-1}""",
        """{"owner":"a","leases":[],"uses":[],"producedTokens":0,"more":1}""",
    ];

    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Sync_ByManyPodsInWindowsOfASecond_GrantsTheLimitInEachAndNoMore(RedisKind kind)
    {
        await using var system = await BudgetSystem.StartAsync(kind);
        await system.LimitAsync("system", new { limitTokens = Limit, windowSeconds = 1 });
        var granted = new ConcurrentDictionary<long, long>();
        using var enough = new CancellationTokenSource();

        await Task.WhenAll(Enumerable.Range(0, Pods).Select(async pod =>
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                var want = LedgerHarness.Want($"{pod}-{i}", 100 + (37 * i % 90));
                var sent = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                var grant = await system.SyncAsync(want);

                // Windows begin with whole seconds: an answer within a second says which one it was.
                if (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - sent < 1_000)
                {
                    granted.AddOrUpdate((sent + grant.EndsInMilliseconds + 999) / 1_000, grant.Tokens, (_, sum) => sum + grant.Tokens);
                }

                Assert.Equal(grant, await AgainAsync(system, want, grant));
                if (granted.Count > 4)
                {
                    await enough.CancelAsync();
                }
            }
        }));

        Assert.All(granted.Values, sum => Assert.InRange(sum, 0, Limit));
        Assert.Contains(Limit, granted.Values);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Sync_WithUses_ShowsInTheStatusAndTheUsage(RedisKind kind)
    {
        await using var system = await BudgetSystem.StartAsync(kind);
        await system.LimitAsync("system", new { limitTokens = 5_000, windowSeconds = 86_400 });
        var use = new BudgetUse("u", "acme", "standard", [new ModelUse("large", 100, 20, 7)]);
        await system.SyncAsync(new BudgetSync("pod", [LedgerHarness.Want("a", 3_000)], [use, use], 120));

        var status = (await system.Operator.GetFromJsonAsync("/v1/budget", WireJson.Types.BudgetStatus))!;
        Assert.Equal((5_000L, 120L, 3_001L), (status.LimitTokens, status.UsedTokens, status.GrantedTokens));
        var usage = (await system.Operator.GetFromJsonAsync("/v1/budget/usage?tenant=acme&model=large", WireJson.Types.UsageReport))!;
        var record = Assert.Single(usage.Usage);
        Assert.Equal((1L, 100L, 20L, 7L), (record.Turns, record.InputTokens, record.OutputTokens, record.MicroUsd));
    }

    [Fact]
    public async Task Sync_Invalid_IsRefusedWithAProblem()
    {
        await using var system = await BudgetSystem.StartAsync(RedisKind.Garnet);
        foreach (var body in Invalid)
        {
            using var response = await system.Pod.PostAsync("/v1/budget/sync", new StringContent(body, null, "application/json"));
            Assert.Contains(await BudgetSystem.ProblemAsync(response, HttpStatusCode.BadRequest), (string[])[ProblemTypes.InvalidRequest, ProblemTypes.MalformedBody]);
        }
    }

    [Fact]
    public async Task Sync_ByOthersThanServices_IsForbidden()
    {
        await using var system = await BudgetSystem.StartAsync(RedisKind.Garnet);
        foreach (var role in (string[])["user", "operator"])
        {
            using var client = system.Client(role);
            using var response = await client.PostAsJsonAsync("/v1/budget/sync", new BudgetSync("a", [], [], 0), WireJson.Types.BudgetSync);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    // The same but for the time that has passed, which may have brought the next window.
    private static async Task<LeaseGrant> AgainAsync(BudgetSystem system, LeaseWant want, LeaseGrant grant)
    {
        var again = await system.SyncAsync(want with { WantTokens = grant.Tokens });
        return again with { EndsInMilliseconds = grant.EndsInMilliseconds, RetryAfterMilliseconds = grant.RetryAfterMilliseconds };
    }
}
