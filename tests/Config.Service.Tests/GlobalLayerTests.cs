using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Config.Tests;

/// <summary>The service as a process, on a real store.</summary>
public class GlobalLayerTests(RedisPair servers)
{
    private const string Layer = "/v1/config/layers/global";

    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Write_WithTheRevisionItReplaces_IsPublished(RedisKind kind)
    {
        await using var service = await StartAsync(kind);
        using var client = service.Client("operator");
        using var stream = await client.GetStreamAsync("/v1/config/signal");
        var (tag, config) = await ReadAsync(client);
        config["systemPrompt"] = "new";

        using var written = await PutAsync(client, config, tag);

        Assert.Equal(HttpStatusCode.OK, written.StatusCode);
        Assert.NotEqual(tag, written.Headers.ETag!.Tag);
        var published = await SseParser.Create(stream).EnumerateAsync().FirstAsync(
            item => item.EventType == "value" && (string)JsonNode.Parse(item.Data)!["systemPrompt"]! == "new");
        Assert.Equal(written.Headers.ETag.Tag.Trim('"'), published.EventId);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Write_ManyOnOneRevision_OneWins(RedisKind kind)
    {
        await using var service = await StartAsync(kind);
        using var client = service.Client("operator");
        var (tag, config) = await ReadAsync(client);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
        {
            var mine = config.DeepClone().AsObject();
            mine["systemPrompt"] = $"writer {i}";
            return PutAsync(client, mine, tag);
        }));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(19, answers.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task Write_WithoutRevisionOrInvalid_IsRefused()
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client("operator");
        var (tag, config) = await ReadAsync(client);

        using var blind = await PutAsync(client, config, null);
        Assert.Equal(HttpStatusCode.PreconditionRequired, blind.StatusCode);

        config["temperature"] = 7;
        config["maxOutputTokens"] = 0;
        using var invalid = await PutAsync(client, config, tag);
        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        var errors = (await invalid.Content.ReadFromJsonAsync<JsonObject>())!["errors"]!.AsObject();
        Assert.Equal(["maxOutputTokens", "temperature"], errors.Select(error => error.Key).Order());
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("user", HttpStatusCode.Forbidden)]
    [InlineData("service", HttpStatusCode.Forbidden)]
    [InlineData("operator", HttpStatusCode.OK)]
    public async Task Layer_ByRole_IsTheOperatorsAlone(string? role, HttpStatusCode status)
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client(role);
        using var response = await client.GetAsync(Layer);
        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Terminated_WithOpenStreams_EndsWithCodeZero()
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client("service");
        using var stream = await client.GetStreamAsync("/v1/config/signal");
        Assert.True(await stream.ReadAsync(new byte[1]) > 0);

        Assert.Equal(0, await service.StopAsync());
    }

    private static async Task<(string Tag, JsonObject Config)> ReadAsync(HttpClient client)
    {
        using var response = await client.GetAsync(Layer);
        return (response.Headers.ETag!.Tag, (await response.Content.ReadFromJsonAsync<JsonObject>())!);
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, JsonObject config, string? tag)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, Layer) { Content = JsonContent.Create(config) };
        if (tag is not null)
        {
            request.Headers.IfMatch.ParseAdd(tag);
        }

        return client.SendAsync(request);
    }

    private async Task<ServiceProcess> StartAsync(RedisKind kind) => await ServiceProcess.StartAsync("Config.Service", new Dictionary<string, string>
    {
        ["ConnectionStrings__redis"] = (await servers.GetAsync(kind)).ConnectionString,
    });
}
