using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests;

/// <summary>What callers get wrong, and what they are told.</summary>
public sealed class BadInputTests(SystemFixture system)
{
    private const int OneMiB = 1_048_576;

    [Theory]
    [InlineData("/v1/sessions", "POST")]
    [InlineData("/v1/sessions/01M83D42NGE36RDNFRZF1DMNFA", "GET")]
    [InlineData("/v1/sessions/01M83D42NGE36RDNFRZF1DMNFA/ws", "GET")]
    [InlineData("/v1/instances", "GET")]
    [InlineData("/v1/config/layers/global", "GET")]
    public async Task WrongKey_AnySurface_Is401(string path, string method)
    {
        using var gateway = system.Gateway(null);
        foreach (var key in (string?[])[null, "wrong", "a.b.c"])
        {
            gateway.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            using var response = await gateway.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
            await AssertProblemAsync(response, HttpStatusCode.Unauthorized, "unauthenticated");
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task Session_OfAnotherTenant_Is404Everywhere()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var other = system.Gateway("other");
        var path = $"/v1/sessions/{conversation.Id}";

        foreach (var send in (Func<Task<HttpResponseMessage>>[])
        [
            () => other.GetAsync(path),
            () => other.GetAsync($"{path}/events"),
            () => other.DeleteAsync(path),
            () => other.PostAsync($"{path}/stop", null),
            () => other.PostAsJsonAsync($"{path}/inputs", new { id = "1", text = "hello" }),
            () => other.PatchAsJsonAsync($"{path}/config", new { temperature = 1 }),
            () => other.GetAsync("/v1/sessions/01M83D42NGE36RDNFRZF1DMNFA"),
            () => other.GetAsync("/v1/sessions/not-an-id"),
        ])
        {
            using var response = await send();
            await AssertProblemAsync(response, HttpStatusCode.NotFound, "session-not-found");
        }

        other.DefaultRequestHeaders.Add("x-session-id", conversation.Id);
        using var joined = await other.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "agent", messages = new[] { new { role = "user", content = "hello" } } });
        Assert.Equal(HttpStatusCode.NotFound, joined.StatusCode);
    }

    [Theory]
    [InlineData("{", "malformed-body")]
    [InlineData("[]", "malformed-body")]
    [InlineData("""{"id":"1"}""", "malformed-body")]
    [InlineData("""{"id":1,"text":"hello"}""", "malformed-body")]
    [InlineData("""{"id":"1","text":"hello","txt":"x"}""", "malformed-body")]
    [InlineData("""{"id":"1","text":"a","text":"b"}""", "malformed-body")]
    [InlineData("{\"id\":\"1\",\"text\":\"\\ud800\"}", "malformed-body")]
    [InlineData("""{"id":"","text":"hello"}""", "invalid-request")]
    [InlineData("""{"id":"1","text":""}""", "invalid-request")]
    public async Task Input_Malformed_Is400AndTheSessionLivesOn(string body, string type)
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var gateway = system.Gateway();

        using var response = await gateway.PostAsync($"/v1/sessions/{conversation.Id}/inputs", Json(body));

        await AssertProblemAsync(response, HttpStatusCode.BadRequest, type);
        Assert.Equal("turn.completed", (string)(await conversation.UntilEndOfAsync(await conversation.SayAsync("1", "hello")))[^1]["type"]!);
    }

    [Fact]
    public async Task Input_NotJson_Is415() => await AssertProblemAsync(
        await system.Gateway().PostAsync("/v1/sessions", new StringContent("hello", Encoding.UTF8, "text/plain")),
        HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");

    [Fact]
    public async Task Input_SameIdOtherText_Is409()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var gateway = system.Gateway();
        await conversation.SayAsync("1", "hello");

        using var response = await gateway.PostAsJsonAsync($"/v1/sessions/{conversation.Id}/inputs", new { id = "1", text = "other" });

        await AssertProblemAsync(response, HttpStatusCode.Conflict, "input-conflict");
    }

    [Theory]
    [InlineData("""{"systemPrompt":"mine"}""", HttpStatusCode.Forbidden, "forbidden")]
    [InlineData("""{"temperature":9}""", HttpStatusCode.UnprocessableEntity, "invalid-request")]
    [InlineData("""[1]""", HttpStatusCode.BadRequest, "malformed-body")]
    public async Task SessionConfig_NotAllowed_IsRefused(string patch, HttpStatusCode status, string type)
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var gateway = system.Gateway();
        using var response = await gateway.PatchAsync($"/v1/sessions/{conversation.Id}/config", Json(patch));
        await AssertProblemAsync(response, status, type);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    public async Task Cursor_Malformed_Is400(string after)
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var gateway = system.Gateway();
        using var response = await gateway.GetAsync($"/v1/sessions/{conversation.Id}/events?after={after}");
        await AssertProblemAsync(response, HttpStatusCode.BadRequest, "invalid-request");
    }

    [Theory]
    [InlineData("999")]
    [InlineData("1.00000000")]
    public async Task Cursor_OfAnotherLog_GetsAResetFirst(string cursor)
    {
        using var conversation = await Conversation.OpenAsync(system);
        var first = await conversation.EventsAsync(cursor).FirstAsync();

        Assert.Equal("reset", (string)first["type"]!);
        Assert.Equal(1, (long)first["snapshot"]!["seq"]!);
    }

    [Fact]
    public async Task Body_TooLarge_Is413OnBothSurfaces()
    {
        using var gateway = system.Gateway();
        var huge = new string('x', OneMiB);
        using var session = await gateway.PostAsJsonAsync("/v1/sessions", new { metadata = new { huge } });
        await AssertProblemAsync(session, HttpStatusCode.RequestEntityTooLarge, "body-too-large");

        using var completion = await gateway.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "agent", messages = new[] { new { role = "user", content = huge } } });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, completion.StatusCode);
        Assert.Equal("body_too_large", (string)(await completion.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]!);
    }

    [Theory]
    [InlineData("{", null)]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("{\"model\":\"agent\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}", null)]
    [InlineData("""{"model":"agent","messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"function"}}""", "tool_choice")]
    [InlineData("""{"model":"agent"}""", "messages")]
    [InlineData("""{"model":"agent","messages":[]}""", "messages")]
    [InlineData("""{"model":"agent","messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"agent","messages":[{"role":"user","content":"x"}],"n":2}""", "n")]
    [InlineData("""{"model":"agent","messages":[{"role":"user","content":"x"}],"logprobs":true}""", "logprobs")]
    [InlineData("""{"model":"agent","messages":[{"role":"robot","content":"x"}]}""", "messages.[0].role")]
    [InlineData("""{"model":"agent","messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages.[0].content")]
    public async Task Completion_Malformed_IsOpenAisError(string body, string? param)
    {
        using var gateway = system.Gateway();
        using var response = await gateway.PostAsync("/v1/chat/completions", Json(body));
        var error = (await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]!;

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(("invalid_request_error", param), ((string)error["type"]!, (string?)error["param"]));
        Assert.NotEmpty((string)error["message"]!);
    }

    [Fact]
    public async Task Socket_BadFrames_AreToldAndTheConnectionStays()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();

        await socket.SendTextAsync("{");
        await AssertErrorAsync("malformed-body");
        await socket.SendTextAsync("[1]");
        await AssertErrorAsync("malformed-body");
        await socket.SendTextAsync("""{"type":"stop","type":"input"}""");
        await AssertErrorAsync("malformed-body");
        await socket.SendBinaryAsync([1, 2, 3]);
        await AssertErrorAsync("malformed-body");
        await socket.SendTextAsync("{\"type\":\"\\ud800\"}");
        await AssertErrorAsync("malformed-body");
        await socket.SendTextAsync("""{"type":"dance"}""");
        await AssertErrorAsync("invalid-request");
        await socket.SendTextAsync("""{"type":"input","id":5,"text":"x"}""");
        await AssertErrorAsync("invalid-request");
        await socket.SendTextAsync($$"""{"type":"input","id":"1","text":"{{new string('x', 2 * OneMiB)}}"}""");
        await AssertErrorAsync("frame-too-large");
        await socket.SendAsync(new { type = "config", patch = new { systemPrompt = "mine" } });
        await AssertErrorAsync("forbidden");
        await socket.SendAsync(new { type = "input", id = "1", text = "hello" });
        var turn = (string)(await socket.NextAsync("input.accepted"))["turn"]!;
        Assert.Equal("turn.completed", (string)(await Conversation.UntilEndOf(turn, socket.FramesAsync()))[^1]["type"]!);

        async Task AssertErrorAsync(string type) =>
            Assert.Equal($"urn:aspireagent:{type}", (string)(await socket.NextAsync("error"))["problem"]!["type"]!);
    }

    [Fact]
    public async Task Socket_OfAnotherTenant_IsNotOpened()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {SystemFixture.Keys["other"]}");
        socket.Options.CollectHttpResponseDetails = true;
        using var gateway = system.Gateway();
        var address = new UriBuilder(gateway.BaseAddress!) { Scheme = "ws", Path = $"/v1/sessions/{conversation.Id}/ws" };

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address.Uri, default));
        Assert.Equal(HttpStatusCode.NotFound, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("user", HttpStatusCode.Forbidden)]
    [InlineData("vip", HttpStatusCode.Forbidden)]
    [InlineData("operator", HttpStatusCode.OK)]
    public async Task Admin_NeedsTheOperatorsRole(string key, HttpStatusCode status)
    {
        using var gateway = system.Gateway(key);
        foreach (var path in (string[])["/v1/instances", "/v1/config/layers/global", "/v1/budget", "/v1/chaos/experiments"])
        {
            using var response = await gateway.GetAsync(path);
            Assert.Equal(status, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("agent", "/v1/sessions/01M83D42NGE36RDNFRZF1DMNFA")]
    [InlineData("config", "/v1/config/signal")]
    [InlineData("budget", "/v1/budget/signal")]
    [InlineData("chaos", "/v1/chaos/signal")]
    public async Task Service_CalledPastTheGateway_Refuses(string service, string path)
    {
        using var client = system.App.CreateHttpClient(service);
        foreach (var key in (string?[])[null, SystemFixture.Keys["operator"], "eyJhbGciOiJub25lIn0.e30."])
        {
            client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            using var response = await client.GetAsync(path);
            await AssertProblemAsync(response, HttpStatusCode.Unauthorized, "unauthenticated");
        }
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string type)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal($"urn:aspireagent:{type}", (string)problem["type"]!);
        Assert.NotEmpty((string)problem["title"]!);
    }
}
