using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.WebSockets;

/// <summary>One WebSocket: a loop that reads, a loop that writes, and a pump of the session's events between them.</summary>
internal sealed class WebSocketConversation(
    WebSocket socket, Caller caller, string session, SessionStream stream, PodClient pods, Connection connection)
{
    // What waits for a slow client here; the rest waits in the session's log.
    private const int OutgoingCap = 2;
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(2);

    // "Service Restart" and "Try Again Later", of the registry of close codes that RFC 6455 opened; the enumeration stops short of them.
    private const WebSocketCloseStatus ServiceRestart = (WebSocketCloseStatus)1012;
    private const WebSocketCloseStatus TryAgainLater = (WebSocketCloseStatus)1013;

    private readonly Channel<string> _outgoing = Channel.CreateBounded<string>(new BoundedChannelOptions(OutgoingCap) { SingleReader = true });

    /// <summary>Runs until the client leaves, the session ends or <paramref name="stopping"/> says so.</summary>
    public async Task RunAsync(IAsyncEnumerable<SessionFrame> frames, CancellationToken stopping)
    {
        // A cancelled read or write breaks the connection; so these two are cancelled last, when the close had its time.
        using var broken = new CancellationTokenSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await using var limit = stopping.Register(() => broken.CancelAfter(CloseWithin)); // also of a write that is stuck
        var reading = ReadAsync(frames, end.Token, broken.Token);
        var writing = WriteAsync(end.Token, broken.Token);
        await Task.WhenAny(writing, reading);
        await end.CancelAsync();
        _outgoing.Writer.TryComplete();
        broken.CancelAfter(CloseWithin);
        await Task.WhenAll(writing, reading);
    }

    // Writes what there is, and closes.
    private async Task WriteAsync(CancellationToken end, CancellationToken broken)
    {
        try
        {
            await foreach (var text in _outgoing.Reader.ReadAllAsync(end))
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, broken);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested && !broken.IsCancellationRequested)
        {
            // What the client has not been told waits in the log.
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            return; // the client has gone
        }

        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                var (status, why) = HowToClose();
                await socket.CloseOutputAsync(status, why, broken);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The client has gone without a word.
        }
    }

    // Who closes is answered in kind; 1005 stands for no code and may not be sent.
    private (WebSocketCloseStatus Status, string? Why) HowToClose() =>
        socket.State is WebSocketState.CloseReceived
            ? (socket.CloseStatus is { } given and not WebSocketCloseStatus.Empty ? given : WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription)
            : connection.End switch
            {
                ConnectionEnd.Drained => (ServiceRestart, "Come back with your cursor."),
                ConnectionEnd.Idle => (WebSocketCloseStatus.EndpointUnavailable, "Idle; come back with your cursor."),
                ConnectionEnd.Unavailable => (TryAgainLater, "No agent can answer now; come back with your cursor."),
                _ => (WebSocketCloseStatus.NormalClosure, "The session is closed."),
            };

    // Reads until the client closes or breaks, also while we close.
    private async Task ReadAsync(IAsyncEnumerable<SessionFrame> frames, CancellationToken end, CancellationToken broken)
    {
        var pumping = new Pump(this, connection.WatchAsync(frames, end), end);
        var reader = new FrameReader(socket);
        try
        {
            while (await reader.NextAsync(broken) is { } frame)
            {
                connection.Use();
                if (frame.Problem is { } problem)
                {
                    await RefuseAsync(problem, null, end);
                }
                else if (!end.IsCancellationRequested && await HandleAsync(frame.Object!, end) is { } resumed)
                {
                    await pumping.StopAsync();
                    pumping = new Pump(this, connection.WatchAsync(resumed, end), end);
                }
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ChannelClosedException)
        {
            // The client has gone, or the conversation ends.
        }

        await pumping.StopAsync();
    }

    // Returns the stream to follow from now on, after a resume.
    private async Task<IAsyncEnumerable<SessionFrame>?> HandleAsync(JsonObject frame, CancellationToken cancellationToken)
    {
        var id = Text(frame, "id");
        try
        {
            switch (Text(frame, "type"))
            {
                case "input" when id is { Length: > 0 and <= 128 } && Text(frame, "text") is { Length: > 0 } text:
                    var input = new InputRequest { Id = id, Text = text };
                    await CallAsync(PodCall.Call, HttpMethod.Post, "/inputs", id, () => JsonContent.Create(input, WireJson.Types.InputRequest), cancellationToken);
                    return null;
                case "stop":
                    await CallAsync(PodCall.Once, HttpMethod.Post, "/stop", id, null, cancellationToken);
                    return null;
                case "config" when frame["patch"] is JsonObject patch:
                    await CallAsync(PodCall.Call, HttpMethod.Patch, "/config", id, () => JsonContent.Create(patch), cancellationToken);
                    return null;
                case "resume":
                    if (!TryReadAfter(frame["after"], out var after))
                    {
                        await RefuseAsync(FrameReader.Problem(ProblemTypes.InvalidRequest, StreamProblems.BadCursor), id, cancellationToken);
                        return null;
                    }

                    var attached = await stream.AttachAsync(caller, session, after, cancellationToken);
                    if (attached.Frames is null)
                    {
                        await RefuseAsync(attached.Answer, id, cancellationToken);
                    }

                    return attached.Frames;
                default:
                    await RefuseAsync(
                        FrameReader.Problem(ProblemTypes.InvalidRequest, "A frame is an input with id and text, a stop, a config with patch, or a resume with after."),
                        id, cancellationToken);
                    return null;
            }
        }
        catch (PodUnavailableException)
        {
            await RefuseAsync(FrameReader.Problem(ProblemTypes.Unavailable, "No agent can answer now; try again in a moment."), id, cancellationToken);
            return null;
        }
    }

    private async Task CallAsync(
        PodCall call, HttpMethod method, string what, string? id, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        var response = await pods.SendAsync(call, caller, session, method, $"/v1/sessions/{session}{what}", body, cancellationToken);
        await RefuseAsync(response, id, cancellationToken);
    }

    // Passes a pod's problem on; a success needs no word, since its event says it.
    private async Task RefuseAsync(HttpResponseMessage response, string? id, CancellationToken cancellationToken)
    {
        using (response)
        {
            if (!response.IsSuccessStatusCode)
            {
                var problem = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
                    ? await response.Content.ReadFromJsonAsync<JsonObject>(cancellationToken)
                    : null;
                await RefuseAsync(problem ?? FrameReader.Problem(ProblemTypes.Unavailable, "The agent refused."), id, cancellationToken);
            }
        }
    }

    private ValueTask RefuseAsync(JsonObject problem, string? id, CancellationToken cancellationToken) =>
        _outgoing.Writer.WriteAsync(
            new JsonObject { ["type"] = "error", ["id"] = id, ["problem"] = problem }.ToJsonString(), cancellationToken);

    // A text, or a seq as a number, which 1.5 is not; without one the log comes from its oldest event.
    private static bool TryReadAfter(JsonNode? value, out string? after)
    {
        after = value?.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.Number when value.AsValue().TryGetValue(out long seq) => new Cursor(seq, null).ToString(),
            _ => null,
        };
        return value is null || Cursor.TryParse(after, out _);
    }

    private static string? Text(JsonObject frame, string name) =>
        frame[name] is JsonValue value && value.GetValueKind() is JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>Carries one stream of frames to the writer, until it ends or is stopped.</summary>
    private sealed class Pump
    {
        private readonly CancellationTokenSource _stop;
        private readonly Task _running;

        public Pump(WebSocketConversation conversation, IAsyncEnumerable<SessionFrame> frames, CancellationToken cancellationToken)
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _running = RunAsync(conversation._outgoing.Writer, frames, _stop.Token);
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }

        private static async Task RunAsync(ChannelWriter<string> outgoing, IAsyncEnumerable<SessionFrame> frames, CancellationToken stop)
        {
            try
            {
                await foreach (var frame in frames.WithCancellation(stop))
                {
                    if (frame.Type != SessionFrame.Ping)
                    {
                        await outgoing.WriteAsync(Stamp(frame), stop);
                    }
                }

                outgoing.TryComplete();
            }
            catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
            {
                // Stopped, or nobody writes any more.
            }
        }

        // The cursor goes inside: a frame has no header to carry it.
        private static string Stamp(SessionFrame frame) =>
            frame.Cursor is null ? frame.Json : $"{{\"cursor\":\"{frame.Cursor}\",{frame.Json.AsSpan(1)}";
    }
}
