using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Simulator.Tests;

/// <summary>The simulator as a process, over HTTP, as the agents meet it.</summary>
public sealed class RunningSimulator : IAsyncLifetime
{
    private ServiceProcess _process = null!;

    /// <summary>Calls with the right key.</summary>
    public HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _process = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__ApiKey"] = "first",
            ["Simulator__ApiKeys__0"] = "second",
            ["Simulator__Speed"] = "20",
        });
        Client = WithKey("first");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
    }

    public HttpClient WithKey(string key)
    {
        var client = _process.Client(null);
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        return client;
    }

    /// <summary>A request with the user's words, and perhaps more messages.</summary>
    public static JsonObject Request(string model, string text, params (string Role, string Text)[] then) => new()
    {
        ["model"] = model,
        ["messages"] = new JsonArray(
            [.. then.Prepend(("user", text)).Select(message => (JsonNode)new JsonObject { ["role"] = message.Item1, ["content"] = message.Item2 })]),
    };

    /// <summary>Asks, streamed or not, perhaps with a fault in the header.</summary>
    public async Task<Reply> AskAsync(JsonObject body, bool stream = false, string? fault = null, string prefix = "")
    {
        body["stream"] = stream;
        body["stream_options"] = stream ? new JsonObject { ["include_usage"] = true } : null;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{prefix}/v1/chat/completions") { Content = JsonContent.Create(body) };
        if (fault is not null)
        {
            request.Headers.Add("x-sim-fault", fault);
        }

        return await Reply.ReadAsync(() => Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
    }

    /// <summary>Orders a fault for coming requests of a model.</summary>
    public async Task OrderAsync(JsonObject fault)
    {
        using var response = await Client.PostAsJsonAsync("/admin/faults", fault);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The one request with these words of the user's, in a state.</summary>
    public Task<JsonObject> LoggedAsync(string text, string state) => LoggedAsync(
        entry => (string?)entry["messages"]!.AsArray().FirstOrDefault()?["content"] == text && (string)entry["state"]! == state);

    /// <summary>The one request like this, as soon as it is there.</summary>
    public Task<JsonObject> LoggedAsync(Func<JsonObject, bool> wanted) => Poll.UntilAsync(
        async () => (await Client.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!.SingleOrDefault(wanted), "a request in the log");
}
