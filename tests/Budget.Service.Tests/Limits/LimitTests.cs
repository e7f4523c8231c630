using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Limits;

/// <summary>Limits by operators, over HTTP.</summary>
public class LimitTests
{
    public static TheoryData<RedisKind> Kinds => LedgerHarness.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limit_Changed_IsPublishedAtOnce(RedisKind kind)
    {
        await using var system = await BudgetSystem.StartAsync(kind);
        using var stream = await system.Operator.GetStreamAsync("/v1/budget/signal");
        await system.LimitAsync("system", new { limitTokens = 4_321 });

        var revisions = new List<long>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync())
        {
            revisions.Add(long.Parse(item.EventId!));
            if (JsonSerializer.Deserialize(item.Data, WireJson.Types.BudgetStatus)!.LimitTokens == 4_321)
            {
                break;
            }
        }

        Assert.Equal(revisions.Order(), revisions);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limits_SetAndTakenAway_AreListedAndAudited(RedisKind kind)
    {
        await using var system = await BudgetSystem.StartAsync(kind);
        var sliding = new BudgetLimit(LimitMicroUsd: 900, WindowSeconds: 30, Window: BudgetWindow.Sliding);
        Assert.Equal(sliding, (await system.LimitAsync("tenant/acme", new { limitMicroUsd = 900, windowSeconds = 30, window = "sliding" })).Limit);
        await system.LimitAsync("tier/standard?why=too%20much", new { limitTokens = 50 });
        await system.SyncAsync(LedgerHarness.Want("a", 20));

        var nodes = (await system.Operator.GetFromJsonAsync("/v1/budget/limits", WireJson.Types.IReadOnlyListBudgetNode))!;
        Assert.Equal(["system", "tenant/acme", "tier/standard"], nodes.Select(node => node.Name));
        Assert.Equal(nodes[1], await system.Operator.GetFromJsonAsync("/v1/budget/limits/tenant/acme", WireJson.Types.BudgetNode));

        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(system, "tenant/acme"));
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(system, "tenant/acme"));
        using var gone = await system.Operator.GetAsync("/v1/budget/limits/tenant/acme");
        Assert.Equal(ProblemTypes.NotFound, await BudgetSystem.ProblemAsync(gone, HttpStatusCode.NotFound));

        var audit = (await system.Operator.GetFromJsonAsync("/v1/budget/audit?limit=2", WireJson.Types.BudgetAudit))!;
        Assert.Equal(
            [("test", "limit tenant/acme", null, null), ("test", "limit tier/standard", """{"limitTokens":50,"windowSeconds":60,"window":"fixed"}""", "too much")],
            audit.Records.Select(record => (record.By, record.What, record.To, record.Reason)));
    }

    [Fact]
    public async Task Limit_OfTheSystemTakenAway_IsTheDefaultAgain()
    {
        await using var system = await BudgetSystem.StartAsync(RedisKind.Garnet);
        await system.LimitAsync("system", new { limitTokens = 5 });

        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(system, "system"));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(system, "system"));
        Assert.Equal(1_000_000, (await system.Operator.GetFromJsonAsync("/v1/budget", WireJson.Types.BudgetStatus))!.LimitTokens);
    }

    [Fact]
    public async Task Limit_Invalid_IsRefusedWithAProblem()
    {
        await using var system = await BudgetSystem.StartAsync(RedisKind.Garnet);
        foreach (var (name, limit) in ((string, object)[])
        [
            ("system", new { limitTokens = 0 }), ("system", new { limitTokens = -5 }), ("system", new { }), ("system", new { limitMicroUsd = 5 }),
            ("tier/a", new { limitTokens = 5, windowSeconds = 0 }), ("tier/a", new { limitTokens = 5, windowSeconds = 86_401 }),
            ("tenant/-a", new { limitTokens = 5 }), ($"tenant/{new string('a', 65)}", new { limitTokens = 5 }),
            ($"tenant/a?why={new string('a', 513)}", new { limitTokens = 5 }),
        ])
        {
            using var response = await system.Operator.PutAsJsonAsync($"/v1/budget/limits/{name}", limit);
            Assert.Equal(ProblemTypes.InvalidRequest, await BudgetSystem.ProblemAsync(response, HttpStatusCode.BadRequest));
        }

        foreach (var query in (string[])
        [
            "audit?limit=0", "audit?limit=1001", "usage?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            "usage?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "usage?from=yesterday",
        ])
        {
            using var response = await system.Operator.GetAsync($"/v1/budget/{query}");
            Assert.Equal(ProblemTypes.InvalidRequest, await BudgetSystem.ProblemAsync(response, HttpStatusCode.BadRequest));
        }
    }

    [Fact]
    public async Task Limits_ForOthersThanOperators_AreForbidden()
    {
        await using var system = await BudgetSystem.StartAsync(RedisKind.Garnet);
        foreach (var role in (string[])["user", "service"])
        {
            using var client = system.Client(role);
            foreach (var path in (string[])["", "/limits", "/limits/system", "/audit", "/usage"])
            {
                using var response = await client.GetAsync($"/v1/budget{path}");
                Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            }
        }
    }

    private static async Task<HttpStatusCode> DeleteAsync(BudgetSystem system, string name)
    {
        using var response = await system.Operator.DeleteAsync($"/v1/budget/limits/{name}");
        return response.StatusCode;
    }
}
