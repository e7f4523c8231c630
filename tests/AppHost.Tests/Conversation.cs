using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests;

/// <summary>A session as a client of the gateway has it.</summary>
internal sealed class Conversation(HttpClient gateway, string id) : IDisposable
{
    public string Id { get; } = id;

    // Far more than any answer takes; a stream that never ends must not hold up the suite.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static async Task<Conversation> OpenAsync(SystemFixture system, string key = "user", Uri? address = null)
    {
        var gateway = system.Gateway(key, address);
        using var response = await gateway.PostAsJsonAsync("/v1/sessions", new { metadata = new { purpose = "test" } });
        response.EnsureSuccessStatusCode();
        return new Conversation(gateway, (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["id"]!);
    }

    /// <summary>The same session, through another gateway.</summary>
    public Conversation Through(HttpClient other) => new(other, Id);

    /// <summary>Sends an input and returns its turn.</summary>
    public async Task<string> SayAsync(string inputId, string text)
    {
        using var response = await gateway.PostAsJsonAsync($"/v1/sessions/{Id}/inputs", new { id = inputId, text });
        response.EnsureSuccessStatusCode();
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["turn"]!;
    }

    /// <summary>The releases that the session is in.</summary>
    public async Task<string?> CohortAsync() => (string?)(await gateway.GetFromJsonAsync<JsonObject>($"/v1/sessions/{Id}"))!["cohort"];

    public async Task StopAsync()
    {
        using var response = await gateway.PostAsync($"/v1/sessions/{Id}/stop", null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Events over SSE, with the id of each as <c>cursor</c>; for five minutes at most: a stream has no end of its own.</summary>
    public async IAsyncEnumerable<JsonObject> EventsAsync(string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{Id}/events");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using var response = await gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(limit.Token))
        {
            var data = JsonNode.Parse(item.Data)!.AsObject();
            Assert.Equal(item.EventType, (string)data["type"]!);
            if (item.EventId is not null)
            {
                data["cursor"] = item.EventId;
            }

            yield return data;
        }
    }

    /// <summary>Events over SSE up to the end of a turn.</summary>
    public Task<List<JsonObject>> UntilEndOfAsync(string turn, string? lastEventId = null) => UntilEndOf(turn, EventsAsync(lastEventId));

    /// <summary>A WebSocket on the session.</summary>
    public async Task<SocketClient> ConnectAsync(string? after = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", gateway.DefaultRequestHeaders.Authorization!.ToString());
        var address = new UriBuilder(gateway.BaseAddress!) { Scheme = "ws", Path = $"/v1/sessions/{Id}/ws", Query = after is null ? "" : $"after={after}" };
        await socket.ConnectAsync(address.Uri, default);
        return new SocketClient(socket);
    }

    public static Task<List<JsonObject>> UntilEndOf(string turn, IAsyncEnumerable<JsonObject> events)
    {
        return ReadAsync().WaitAsync(Limit);

        async Task<List<JsonObject>> ReadAsync()
        {
            var seen = new List<JsonObject>();
            await foreach (var happened in events)
            {
                if (happened["seq"] is null)
                {
                    continue; // a ping
                }

                seen.Add(happened);
                if ((string?)happened["turn"] == turn && (string)happened["type"]! is "turn.completed" or "turn.cancelled" or "turn.failed")
                {
                    break;
                }
            }

            return seen;
        }
    }

    public static string Text(IEnumerable<JsonObject> events, string turn) => string.Concat(events
        .Where(happened => (string)happened["type"]! == "token" && (string?)happened["turn"] == turn)
        .Select(happened => (string)happened["text"]!));

    public void Dispose() => gateway.Dispose();
}

/// <summary>One JSON object a text frame.</summary>
internal sealed class SocketClient(ClientWebSocket socket) : IDisposable
{
    /// <summary>The code that the server closed with; null: it has not.</summary>
    public int? Closed => (int?)socket.CloseStatus;

    public Task SendAsync(object frame) => SendTextAsync(System.Text.Json.JsonSerializer.Serialize(frame));

    public Task SendTextAsync(string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, default);

    public Task SendBinaryAsync(byte[] bytes) => socket.SendAsync(bytes, WebSocketMessageType.Binary, true, default);

    public async Task<JsonObject> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var message = new MemoryStream();
        var buffer = new byte[4_096];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, limit.Token);
            Assert.True(part.MessageType is WebSocketMessageType.Text, $"closed with {part.CloseStatus}: {part.CloseStatusDescription}");
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return JsonNode.Parse(message.ToArray())!.AsObject();
            }
        }
    }

    public async IAsyncEnumerable<JsonObject> FramesAsync()
    {
        while (true)
        {
            yield return await NextAsync();
        }
    }

    /// <summary>The next frame of a type.</summary>
    public async Task<JsonObject> NextAsync(string type)
    {
        while (true)
        {
            var frame = await NextAsync();
            if ((string)frame["type"]! == type)
            {
                return frame;
            }
        }
    }

    /// <summary>Waits for the server's close.</summary>
    public async Task<WebSocketCloseStatus?> CloseAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await socket.ReceiveAsync(new byte[4_096], limit.Token)).MessageType is not WebSocketMessageType.Close)
        {
            // What was still under way.
        }

        return socket.CloseStatus;
    }

    public void Dispose() => socket.Dispose();
}
