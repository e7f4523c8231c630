using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Gateway.Protocols.WebSockets;

/// <summary>What came up: an object, or what is wrong with it.</summary>
internal sealed record IncomingFrame(JsonObject? Object, JsonObject? Problem);

/// <summary>Reads whole frames. One that is too large is read to its end and not kept.</summary>
internal sealed class FrameReader(WebSocket socket)
{
    /// <summary>Largest frame; bytes.</summary>
    public const int MaxFrameBytes = 1_048_576;

    private const int ChunkBytes = 8_192;

    /// <summary>The next frame; null: the client has closed.</summary>
    public async Task<IncomingFrame?> NextAsync(CancellationToken cancellationToken)
    {
        var frame = new ArrayBufferWriter<byte>(ChunkBytes);
        var length = 0L;
        while (true)
        {
            var memory = frame.GetMemory(ChunkBytes);
            var part = await socket.ReceiveAsync(memory, cancellationToken);
            if (part.MessageType is WebSocketMessageType.Close)
            {
                return null;
            }

            length += part.Count;
            if (length <= MaxFrameBytes)
            {
                frame.Advance(part.Count);
            }

            if (part.EndOfMessage)
            {
                return length > MaxFrameBytes
                    ? Refused(ProblemTypes.FrameTooLarge, $"A frame has at most {MaxFrameBytes} bytes; this one had {length}.")
                    : Parse(frame.WrittenSpan, part.MessageType);
            }
        }
    }

    /// <summary>Problem details for an error frame.</summary>
    public static JsonObject Problem(string type, string title) => new() { ["type"] = type, ["title"] = title };

    private static IncomingFrame Parse(ReadOnlySpan<byte> frame, WebSocketMessageType type)
    {
        if (type is not WebSocketMessageType.Text)
        {
            return Refused(ProblemTypes.MalformedBody, "A frame is text, not binary.");
        }

        try
        {
            return JsonSerializer.Deserialize<JsonObject>(frame, StrictJsonObjectConverter.Options) is { } parsed
                ? new IncomingFrame(parsed, null)
                : Refused(ProblemTypes.MalformedBody, "A frame is one JSON object.");
        }
        catch (JsonException)
        {
            return Refused(ProblemTypes.MalformedBody, "A frame is one JSON object, and this is none.");
        }
    }

    private static IncomingFrame Refused(string type, string title) => new(null, Problem(type, title));
}
