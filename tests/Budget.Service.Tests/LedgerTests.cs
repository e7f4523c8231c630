using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests;

/// <summary>The service as a process, on a real store.</summary>
public class LedgerTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Uses_ManyAtOnceAndRepeated_CountOnceEach(RedisKind kind)
    {
        await using var service = await StartAsync(kind);
        using var pod = service.Client("service");

        // Within one window: a new one begins at zero.
        await Poll.UntilAsync(
            async () =>
            {
                var run = Guid.NewGuid().ToString("N");
                var before = await SettleAsync(pod, $"{run}-first", 1);
                var settled = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => SettleAsync(pod, $"{run}-{i % 30}", 10)));
                return settled.All(status => Window(status) == Window(before))
                    && settled.Max(Used) == Used(before) + 300;
            },
            "a window in which all was settled");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Limit_Changed_IsPublished(RedisKind kind)
    {
        await using var service = await StartAsync(kind);
        using var client = service.Client("operator");
        using var stream = await client.GetStreamAsync("/v1/budget/signal");

        using var changed = await client.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens = 4_321 });

        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var (revisions, published) = (new List<long>(), false);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync())
        {
            revisions.Add(long.Parse(item.EventId!));
            if ((long)JsonNode.Parse(item.Data)!["limitTokens"]! == 4_321)
            {
                published = true;
                break;
            }
        }

        Assert.True(published, "the stream ended without it");
        Assert.Equal(revisions.Order(), revisions);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task Limit_NotPositive_IsRefused(long limit)
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client("operator");
        using var response = await client.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens = limit });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("operator")]
    public async Task Uses_ToldByOthersThanServices_AreRefused(string role)
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client(role);
        using var response = await client.PostAsJsonAsync("/v1/budget/uses", new { turn = "t", tokens = 1 });
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    private static long Used(JsonObject status) => (long)status["usedTokens"]!;

    private static string Window(JsonObject status) => (string)status["windowEndsAt"]!;

    private static async Task<JsonObject> SettleAsync(HttpClient pod, string turn, long tokens)
    {
        using var response = await pod.PostAsJsonAsync("/v1/budget/uses", new { turn, tokens });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    private async Task<ServiceProcess> StartAsync(RedisKind kind) => await ServiceProcess.StartAsync("Budget.Service", new Dictionary<string, string>
    {
        ["ConnectionStrings__redis"] = (await servers.GetAsync(kind)).ConnectionString,
    });
}
