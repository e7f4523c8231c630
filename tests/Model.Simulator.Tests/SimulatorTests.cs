using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Simulator.Tests;

/// <summary>The simulator as a process, over HTTP, as the agents meet it.</summary>
public sealed class SimulatorTests : IAsyncLifetime
{
    private ServiceProcess _simulator = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__ApiKey"] = "k",
            ["Simulator__Speed"] = "20",
        });
        _client = _simulator.Client(null);
        _client.DefaultRequestHeaders.Add("Authorization", "Bearer k");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task Chat_SameRequest_SameAnswerStreamedOrNot()
    {
        var whole = await WholeAsync(Request("sim-large", "How does a circuit breaker work?"));
        var streamed = await StreamAsync(Request("sim-large", "How does a circuit breaker work?"));
        var other = await WholeAsync(Request("sim-large", "What is draining?"));

        Assert.Equal(whole.Text, streamed.Text);
        Assert.NotEqual(whole.Text, other.Text);
        Assert.Equal("stop", streamed.Finish);
        Assert.Equal(whole.Body["usage"]!.ToJsonString(), streamed.Usage!.ToJsonString());
        Assert.Equal(streamed.Pieces, (int)streamed.Usage!["completion_tokens"]!);
    }

    [Theory]
    [InlineData("sim-large")]
    [InlineData("sim-small")]
    public async Task Chat_PrefillOfItsOwnAnswer_IsContinuedToTheLetter(string model)
    {
        var whole = (await WholeAsync(Request(model, "What is a canary?"))).Text;
        var half = whole[..(whole.Length / 2)];

        var rest = (await WholeAsync(Request(model, "What is a canary?", ("assistant", half)))).Text;

        Assert.Equal(whole, half + rest);
    }

    [Fact]
    public async Task Chat_ModelWithoutPrefill_BeginsAnew()
    {
        var answer = (await WholeAsync(Request("sim-noprefill", "What is a canary?"))).Text;
        var rest = (await WholeAsync(Request("sim-noprefill", "What is a canary?", ("assistant", answer[..20])))).Text;

        Assert.False(answer.EndsWith(rest, StringComparison.Ordinal), "it continued");
    }

    [Fact]
    public async Task Chat_Limits_Hold()
    {
        var limited = Request("sim-small", "Tell me about budgets");
        limited["max_tokens"] = 7;
        var cut = await StreamAsync(limited);
        Assert.Equal((7, "length"), (cut.Pieces, cut.Finish));

        var stopped = Request("sim-small", "Tell me about budgets");
        stopped["stop"] = new JsonArray(".");
        Assert.DoesNotContain(".", (await WholeAsync(stopped)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ToolNamedByTheUser_IsCalled()
    {
        var request = Request("sim-large", "Use weather for Paris");
        request["tools"] = JsonNode.Parse("""
            [{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}}]
            """);

        var whole = await WholeAsync(request);

        var call = whole.Body["choices"]![0]!["message"]!["tool_calls"]![0]!["function"]!;
        Assert.Equal("weather", (string)call["name"]!);
        Assert.Equal("""{"city":"Paris","days":1}""", (string)call["arguments"]!);
        Assert.Equal("tool_calls", (string)whole.Body["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task Chat_CallerLeaves_IsNoticedAtOnce()
    {
        await OrderAsync(new JsonObject { ["drip"] = 50 });
        using (var leaving = new CancellationTokenSource())
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = JsonContent.Create(Request("sim-large", "Tell me everything", stream: true)),
            };
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            await using var body = await response.Content.ReadAsStreamAsync(leaving.Token);
            Assert.True(await body.ReadAsync(new byte[100], leaving.Token) > 0);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await body.CopyToAsync(Stream.Null, leaving.Token));
        }

        var entry = await Poll.UntilAsync(
            async () => (await RequestsAsync()).SingleOrDefault(known => (string)known["state"]! == "cancelled"), "the cancellation");
        Assert.NotNull(entry["cancelledAt"]);
    }

    [Fact]
    public async Task Fault_Status_IsAnsweredWithRetryAfterAsOftenAsOrdered()
    {
        await OrderAsync(new JsonObject { ["status"] = 429, ["retryAfter"] = 2, ["count"] = 1, ["model"] = "sim-small" });

        using var refused = await PostAsync(Request("sim-small", "hello"));
        using var answered = await PostAsync(Request("sim-small", "hello"));

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
    }

    [Theory]
    [InlineData("cut=0", 0)]
    [InlineData("refuse", 0)]
    [InlineData("cut=3", 3)]
    public async Task Fault_Cut_BreaksTheConnectionAfterSoManyTokens(string fault, int tokens)
    {
        var pieces = 0;
        await Assert.ThrowsAnyAsync<Exception>(async () => await StreamAsync(Request("sim-small", "hello"), fault, () => pieces++));

        Assert.Equal(tokens, pieces);
        Assert.Equal("faulted", (string)(await RequestsAsync())[^1]["state"]!);
    }

    [Fact]
    public async Task Fault_Repeat_SaysTheSameTokenAgain()
    {
        var text = (await StreamAsync(Request("sim-small", "hello"), "repeat=4")).Tokens;

        Assert.True(text.Count > 5);
        Assert.Single(text.Skip(4).Distinct());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("cut=x")]
    public async Task Fault_Unknown_IsRefused(string fault)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(Request("sim-small", "hello")),
        };
        request.Headers.Add("x-sim-fault", fault);
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"sim-small","messages":[]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"sim-small","messages":[{"role":"user","content":"x"}],"n":2}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"gpt","messages":[{"role":"user","content":"x"}]}""", HttpStatusCode.NotFound)]
    public async Task Chat_BadRequest_IsRefusedInOpenAisForm(string body, HttpStatusCode status)
    {
        using var response = await _client.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(status, response.StatusCode);
        Assert.NotNull((await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["message"]);
    }

    [Fact]
    public async Task Chat_WrongKey_IsRefused()
    {
        using var client = _simulator.Client(null);
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", Request("sim-small", "hello"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Embeddings_TextsThatShareWords_AreNearer()
    {
        using var response = await _client.PostAsJsonAsync("/v1/embeddings", new
        {
            model = "sim-embedding",
            input = new[] { "a circuit breaker has three states", "the states of a circuit breaker", "bananas are yellow fruit" },
        });
        var vectors = (await response.Content.ReadFromJsonAsync<JsonObject>())!["data"]!.AsArray()
            .Select(item => item!["embedding"]!.AsArray().Select(value => (double)value!).ToArray()).ToList();

        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => value * value), 3));
        Assert.True(Dot(vectors[0], vectors[1]) > Dot(vectors[0], vectors[2]));

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }

    private static JsonObject Request(string model, string text, (string Role, string Text)? then = null, bool stream = false)
    {
        var messages = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text });
        if (then is { } more)
        {
            messages.Add(new JsonObject { ["role"] = more.Role, ["content"] = more.Text });
        }

        return new JsonObject { ["model"] = model, ["messages"] = messages, ["stream"] = stream };
    }

    private Task<HttpResponseMessage> PostAsync(JsonObject request) => _client.PostAsJsonAsync("/v1/chat/completions", request);

    private async Task OrderAsync(JsonObject fault)
    {
        using var response = await _client.PostAsJsonAsync("/admin/faults", fault);
        response.EnsureSuccessStatusCode();
    }

    private async Task<List<JsonObject>> RequestsAsync() => (await _client.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!;

    private async Task<(string Text, JsonObject Body)> WholeAsync(JsonObject request)
    {
        using var response = await PostAsync(request);
        response.EnsureSuccessStatusCode();
        var body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        return ((string?)body["choices"]![0]!["message"]!["content"] ?? "", body);
    }

    private async Task<Streamed> StreamAsync(JsonObject body, string? fault = null, Action? onPiece = null)
    {
        body["stream"] = true;
        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) };
        if (fault is not null)
        {
            request.Headers.Add("x-sim-fault", fault);
        }

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var streamed = new Streamed();
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            var chunk = JsonNode.Parse(line[6..])!;
            streamed.Usage = chunk["usage"] as JsonObject ?? streamed.Usage;
            if (chunk["choices"]!.AsArray() is not [{ } choice])
            {
                continue;
            }

            streamed.Finish = (string?)choice["finish_reason"] ?? streamed.Finish;
            if ((string?)choice["delta"]!["content"] is { Length: > 0 } piece)
            {
                streamed.Tokens.Add(piece);
                onPiece?.Invoke();
            }
        }

        return streamed;
    }

    private sealed class Streamed
    {
        public List<string> Tokens { get; } = [];

        public int Pieces => Tokens.Count;

        public string Text => string.Concat(Tokens);

        public string? Finish { get; set; }

        public JsonObject? Usage { get; set; }
    }
}
