using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace AspireAgent.Bench.Sessions;

/// <summary>One session through the gateway, followed over SSE or over a WebSocket.</summary>
internal sealed class SessionClient(RunningSystem system, string id, bool isSocket)
{
    public string Id { get; } = id;

    public string Protocol => isSocket ? "WebSocket" : "SSE";

    public static async Task<SessionClient> OpenAsync(RunningSystem system, bool isSocket)
    {
        using var opened = await system.User.PostAsJsonAsync("/v1/sessions", new { });
        opened.EnsureSuccessStatusCode();
        return new SessionClient(system, (string)(await opened.Content.ReadFromJsonAsync<JsonObject>())!["id"]!, isSocket);
    }

    public async Task SayAsync(string input, string text, CancellationToken cancellationToken = default)
    {
        using var said = await system.User.PostAsJsonAsync($"/v1/sessions/{Id}/inputs", new { id = input, text }, cancellationToken);
        said.EnsureSuccessStatusCode();
    }

    /// <summary>The pod that has it.</summary>
    public async Task<string> OwnerAsync() =>
        (string)(await system.User.GetFromJsonAsync<JsonObject>($"/v1/sessions/{Id}"))!["owner"]!["pod"]!;

    /// <summary>Its events from the first on, signs of life left out; ends where the server ends it.</summary>
    public IAsyncEnumerable<Seen> EventsAsync(CancellationToken cancellationToken) =>
        isSocket ? OverSocketAsync(cancellationToken) : OverSseAsync(cancellationToken);

    private async IAsyncEnumerable<Seen> OverSseAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{Id}/events");
        using var response = await system.User.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);

        await foreach (var item in SseParser.Create(body, (type, data) => Seen.Read(type, data)).EnumerateAsync(cancellationToken))
        {
            if (item.EventType != "ping")
            {
                yield return item.Data.Under(item.EventId);
            }
        }
    }

    private async IAsyncEnumerable<Seen> OverSocketAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {system.UserKey}");
        var address = new UriBuilder(system.Gateway) { Scheme = "ws", Path = $"/v1/sessions/{Id}/ws" };
        await socket.ConnectAsync(address.Uri, cancellationToken);
        var (buffer, length) = (new byte[4_096], 0);
        while (await ReceiveAsync(socket, buffer.AsMemory(length), cancellationToken) is { } part)
        {
            length += part.Count;
            if (part.EndOfMessage)
            {
                yield return Seen.ReadFrame(buffer.AsSpan(0, length));
                length = 0;
            }
            else if (length == buffer.Length)
            {
                Array.Resize(ref buffer, length * 2);
            }
        }
    }

    private static async ValueTask<ValueWebSocketReceiveResult?> ReceiveAsync(ClientWebSocket socket, Memory<byte> into, CancellationToken cancellationToken) =>
        await socket.ReceiveAsync(into, cancellationToken) is { MessageType: WebSocketMessageType.Text } part ? part : null;
}
