using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>The beginning of a tool's call as a client of OpenAI's passes it on: the call itself comes when the stream has ended.</summary>
internal static class ToolPiece
{
    private const string Chunk = """
        {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":
        {"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"clock","arguments":""}}]}}]}
        """;

    public static ChatResponseUpdate Update() => new(ChatRole.Assistant, [])
    {
        RawRepresentation = ModelReaderWriter.Read<StreamingChatCompletionUpdate>(BinaryData.FromString(Chunk)),
    };
}
