using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// Puts the pieces of streamed tool calls together itself, since Microsoft.Extensions.AI (10.11) breaks off where a server leaves out the
/// id, and takes no arguments for broken ones. A call without an id has an empty one.
/// </summary>
internal sealed class ToolCallsChatClient(IChatClient inner) : DelegatingChatClient(inner)
{
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var calls = new SortedDictionary<int, Call>();
        ChatResponseUpdate? last = null;
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                {
                    break;
                }
            }
            catch (ArgumentNullException) when (calls.Values.Any(call => call.Id.Length == 0))
            {
                break; // the stream is over: calls are put together at its end
            }

            last = updates.Current;
            foreach (var piece in (last.RawRepresentation as StreamingChatCompletionUpdate)?.ToolCallUpdates ?? [])
            {
                if (!calls.TryGetValue(piece.Index, out var call))
                {
                    calls[piece.Index] = call = new Call();
                }

                call.Add(piece);
            }

            if (!last.Contents.Any(content => content is FunctionCallContent)) // else ours, below, are those
            {
                yield return last;
            }
        }

        if (calls.Values.Where(call => call.Name.Length > 0).Select(call => call.ToContent()).ToList<AIContent>() is { Count: > 0 } whole)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, whole)
            {
                ResponseId = last?.ResponseId,
                MessageId = last?.MessageId,
                ModelId = last?.ModelId,
                FinishReason = last?.FinishReason,
            };
        }
    }

    // {"index":0,"id":"call_1","type":"function","function":{"name":"clock","arguments":""}}, then {"index":0,"function":{"arguments":"{}"}}
    private sealed class Call
    {
        private readonly StringBuilder _arguments = new();

        public string Id { get; private set; } = "";

        public string Name { get; private set; } = "";

        public void Add(StreamingChatToolCallUpdate piece)
        {
            Id = Id.Length > 0 ? Id : piece.ToolCallId ?? "";
            Name = Name.Length > 0 ? Name : piece.FunctionName ?? "";
            if (piece.FunctionArgumentsUpdate is { } more && !more.ToMemory().IsEmpty)
            {
                _arguments.Append(more.ToString());
            }
        }

        public FunctionCallContent ToContent() => FunctionCallContent.CreateFromParsedArguments(
            _arguments.ToString(), Id, Name,
            static json => string.IsNullOrWhiteSpace(json) ? [] : JsonSerializer.Deserialize<Dictionary<string, object?>>(json));
    }
}
