using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>Two processes of the service, on one real store.</summary>
public class BreakerServiceTests(BreakerServers servers) : IClassFixture<BreakerServers>
{
    private const string Path = "/v1/budget/breaker";

    public static TheoryData<RedisKind> Kinds => BreakerServers.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Breaker_SpikeOnTheStore_OpensInBothProcesses(RedisKind kind)
    {
        await using var redis = await servers.ConnectAsync(kind);
        await BurnAsync(redis, from: 600, to: 20, tokens: 4_000);
        await using var first = await StartAsync(redis);
        await using var second = await StartAsync(redis);
        using var client = first.Client("operator");
        Assert.Equal("closed", await StateAsync(client));

        await BurnAsync(redis, from: 20, to: 0, tokens: 40_000);
        foreach (var service in (ServiceProcess[])[first, second])
        {
            using var each = service.Client("operator");
            await Poll.UntilAsync(async () => await StateAsync(each) == "open", "the breaker to open");
        }

        var audit = Assert.Single(await redis.GetDatabase().ListRangeAsync("budget:{budget}:audit")).ToString();
        Assert.Contains("\"by\":\"velocity\"", audit);
    }

    [Fact]
    public async Task Order_OfAnOperator_OpensAndClosesAndIsAudited()
    {
        await using var redis = await servers.ConnectAsync(RedisKind.Garnet);
        await using var service = await StartAsync(redis);
        using var client = service.Client("operator");

        for (var i = 0; i < 2; i++)
        {
            using var opened = await client.PostAsJsonAsync($"{Path}/open", new { reason = "a bill came", action = "downgrade" });
            Assert.Equal(HttpStatusCode.OK, opened.StatusCode);
            var breaker = (await opened.Content.ReadFromJsonAsync<JsonObject>())!;
            Assert.Equal(("open", "downgrade"), ((string?)breaker["state"], (string?)breaker["action"]));
            Assert.Null(breaker["until"]);
        }

        Assert.Equal("open", await StateAsync(client));
        using var closed = await client.PostAsync($"{Path}/close", null);
        Assert.Equal(HttpStatusCode.OK, closed.StatusCode);
        Assert.Equal("closed", await StateAsync(client));

        var audit = await redis.GetDatabase().ListRangeAsync("budget:{budget}:audit");
        Assert.Equal(2, audit.Length);
        Assert.Contains("\"by\":\"test\",\"what\":\"breaker\",\"from\":\"closed\",\"to\":\"open (downgrade)\",\"reason\":\"a bill came\"", audit[0].ToString());
    }

    [Fact]
    public async Task Order_ThatIsNone_IsRefused()
    {
        await using var redis = await servers.ConnectAsync(RedisKind.Garnet);
        await using var service = await StartAsync(redis);
        using var client = service.Client("operator");
        foreach (var body in (string[])[
            """{"action":"explode"}""", """{"action":7}""", """{"reason":7}""", $$"""{"reason":"{{new string('x', 513)}}"}""", """{"for":5}""", "[]", "{"])
        {
            using var content = new StringContent(body, null, "application/json");
            using var response = await client.PostAsync($"{Path}/open", content);
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{body}: {response.StatusCode}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }

        using var closing = await client.PostAsJsonAsync($"{Path}/close", new { action = "pause" });
        Assert.Equal(HttpStatusCode.BadRequest, closing.StatusCode);
        Assert.Equal("closed", await StateAsync(client));
        foreach (var role in (string?[])["user", "service", null])
        {
            using var stranger = service.Client(role);
            using var get = await stranger.GetAsync(Path);
            using var post = await stranger.PostAsync($"{Path}/open", null);
            var expected = role is null ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden;
            Assert.Equal((expected, expected), (get.StatusCode, post.StatusCode));
        }
    }

    // So many tokens in each of the seconds from so long ago to so long ago, on the store's clock.
    private static async Task BurnAsync(ConnectionMultiplexer redis, int from, int to, long tokens)
    {
        var now = (long)await redis.GetDatabase().ScriptEvaluateAsync("return tonumber(redis.call('TIME')[1])");
        await redis.GetDatabase().HashSetAsync(
            "budget:{budget}:burn", [.. Enumerable.Range(to, from - to).Select(back => new HashEntry(now - back, tokens))]);
    }

    private static async Task<string?> StateAsync(HttpClient client) => (string?)(await client.GetFromJsonAsync<JsonObject>(Path))!["state"];

    private static Task<ServiceProcess> StartAsync(ConnectionMultiplexer redis) => ServiceProcess.StartAsync(
        "Budget.Service", new Dictionary<string, string> { ["ConnectionStrings__redis"] = redis.Configuration });
}
