using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspireAgent.Gateway.Tests;

/// <summary>A gateway as a process, with pods that are names in the registry only.</summary>
public sealed class DrainCallTests(RedisPair servers)
{
    private const string Session = "01M83D42NGE36RDNFRZF1DMNFA";
    private const string Key = "an operator's key";

    [Fact]
    public async Task Drain_WholeStory_IsAnsweredAsDocumented()
    {
        await using var gateway = await StartAsync(database: 5);
        using var client = Client(gateway);
        await Poll.UntilAsync(async () => (await StateAsync(client))?["state"]?.ToString() == "ready", "it to be in the registry");

        Assert.Equal((HttpStatusCode.NotFound, "urn:aspireagent:instance-not-found"), await RefusalAsync(client, "/v1/instances/nobody/drain", null));
        Assert.Equal((HttpStatusCode.NotFound, "urn:aspireagent:instance-not-found"), await RefusalAsync(client, "/v1/instances/nobody/undrain", null));
        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "urn:aspireagent:invalid-request"),
            await RefusalAsync(client, "/v1/instances/gw/drain", """{"softSeconds":60,"hardSeconds":30}"""));
        Assert.Equal(
            (HttpStatusCode.BadRequest, "urn:aspireagent:invalid-request"), await RefusalAsync(client, "/v1/instances/gw/drain", """{"hardSeconds":-1}"""));

        var patient = await DrainAsync(client, """{"softSeconds":86400,"exit":false}"""); // more than the default of the hard one
        Assert.Equal("draining", (string?)patient["state"]);
        Assert.Equal(86_400, (int)patient["drain"]!["softSeconds"]!);
        Assert.Equal(TimeSpan.FromDays(1), (DateTimeOffset)patient["drain"]!["hardAt"]! - (DateTimeOffset)patient["drain"]!["since"]!);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health")).StatusCode);

        await DrainAsync(client, """{"hardSeconds":0,"exit":false}""");
        await Poll.UntilAsync(
            async () =>
            {
                using var refused = await client.GetAsync($"/v1/sessions/{Session}/events");
                return refused.StatusCode is HttpStatusCode.ServiceUnavailable
                    && (await refused.Content.ReadAsStringAsync()).Contains("maintenance", StringComparison.Ordinal);
            },
            "a stream to be refused");
        using (var completion = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "agent", messages = new[] { new { role = "user", content = "x" } } }))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, completion.StatusCode);
            Assert.Equal("unavailable", (string?)(await completion.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]);
        }

        using var undrained = await client.PostAsync("/v1/instances/gw/undrain", null);
        Assert.Equal(HttpStatusCode.Accepted, undrained.StatusCode);
        Assert.Equal("ready", (string?)(await undrained.Content.ReadFromJsonAsync<JsonObject>())!["state"]);
    }

    [Theory]
    [InlineData("?after=abc")]
    [InlineData("?after=-1")]
    [InlineData("?after=")]
    [InlineData("?after=17.a23456789b23456789c23456789d23456789")]
    public async Task Events_CursorThatIsNone_IsRefusedAtTheGateway(string query)
    {
        await using var gateway = await StartAsync(database: 6);
        using var client = Client(gateway);
        using var events = await client.GetAsync($"/v1/sessions/{Session}/events{query}");
        Assert.Equal(HttpStatusCode.BadRequest, events.StatusCode);
        Assert.Equal("urn:aspireagent:invalid-request", (string?)(await events.Content.ReadFromJsonAsync<JsonObject>())!["type"]);

        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {Key}");
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => socket.ConnectAsync(
            new UriBuilder(new Uri(gateway.Address, $"/v1/sessions/{Session}/ws{query}")) { Scheme = "ws" }.Uri, default));
        Assert.Equal(HttpStatusCode.BadRequest, socket.HttpStatusCode);
    }

    [Fact]
    public async Task Shutdown_WithASignalForwarded_IsQuickAndSaysNothingOfIt()
    {
        var address = $"http://127.0.0.1:{LocalPort.Free()}";
        await using var config = await ServeSignalAsync(address);
        await using var gateway = await StartAsync(database: 7, new KeyValuePair<string, string>("services__config__http__0", address));
        using var client = Client(gateway);
        using var signal = await client.GetAsync("/v1/config/signal", HttpCompletionOption.ResponseHeadersRead);
        signal.EnsureSuccessStatusCode();
        var before = TimeProvider.System.GetTimestamp();

        Assert.Equal(0, await gateway.StopAsync());

        Assert.InRange(TimeProvider.System.GetElapsedTime(before).TotalSeconds, 0, 8);
        Assert.DoesNotContain("fail:", gateway.Output, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> ServeSignalAsync(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/v1/config/signal", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("event: heartbeat\ndata: {}\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await app.StartAsync();
        return app;
    }

    private async Task<ServiceProcess> StartAsync(int database, params KeyValuePair<string, string>[] more)
    {
        var redis = $"{(await servers.GetAsync(RedisKind.Server)).ConnectionString},defaultDatabase={database}";
        var connection = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(redis);
        await connection.GetDatabase().KeyDeleteAsync([InstanceKeys.Names, InstanceKeys.Of("gw")]);
        await new InstanceRegistry(connection).WriteAsync(
            new InstanceInfo("pod", InstanceKind.Agent, $"http://127.0.0.1:{LocalPort.Free()}", 1, InstanceState.Ready, 0, ""));
        await connection.GetDatabase().KeyPersistAsync(InstanceKeys.Of("pod"));
        return await ServiceProcess.StartAsync(
            "Gateway",
            new Dictionary<string, string>(more)
            {
                ["ConnectionStrings__redis"] = redis,
                ["Instance__Name"] = "gw",
                ["Access__Keys__op__Sha256"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Key))),
                ["Access__Keys__op__Tenant"] = "demo",
                ["Access__Keys__op__Role"] = "operator",
            });
    }

    private static HttpClient Client(ServiceProcess gateway)
    {
        var client = gateway.Client(null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        return client;
    }

    private static async Task<JsonNode?> StateAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonArray>("/v1/instances"))!.FirstOrDefault(instance => (string?)instance!["name"] == "gw");

    private static async Task<JsonObject> DrainAsync(HttpClient client, string body)
    {
        using var response = await PostAsync(client, "/v1/instances/gw/drain", body);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    private static async Task<(HttpStatusCode Status, string? Type)> RefusalAsync(HttpClient client, string path, string? body)
    {
        using var response = await PostAsync(client, path, body);
        return (response.StatusCode, (string?)(await response.Content.ReadFromJsonAsync<JsonObject>())!["type"]);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string? body) =>
        client.PostAsync(path, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"));
}
