using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// Says in the request, the way the vendor wants it said, that the model shall go on from the last message where that is the
/// assistant's.
/// </summary>
internal sealed class PrefillChatClient(IChatClient inner, Prefill prefill) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Mark([.. messages], options);
        return base.GetResponseAsync(request.Messages, request.Options, cancellationToken);
    }

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Mark([.. messages], options);
        return base.GetStreamingResponseAsync(request.Messages, request.Options, cancellationToken);
    }

    private (IReadOnlyList<ChatMessage> Messages, ChatOptions? Options) Mark(ChatMessage[] messages, ChatOptions? options) =>
        messages is not [.. var earlier, var last] || last.Role != ChatRole.Assistant ? (messages, options)
        : prefill switch
        {
            Prefill.PrefixFlag => ([.. earlier, WithPrefixFlag(last)], options),
            Prefill.ContinueFinalMessage => (messages, WithContinueFinalMessage(options)),
            _ => (messages, options),
        };

#pragma warning disable SCME0001 // Members that the SDK does not know; its way to send them is in preview.
    // {"role":"assistant","content":"Hel","prefix":true}
    private static ChatMessage WithPrefixFlag(ChatMessage message)
    {
        var raw = new AssistantChatMessage(message.Text);
        raw.Patch.Set("$.prefix"u8, true);
        return new ChatMessage(message.Role, message.Contents) { RawRepresentation = raw };
    }

    // {"messages":[...],"continue_final_message":true,"add_generation_prompt":false}
    private static ChatOptions WithContinueFinalMessage(ChatOptions? options)
    {
        var marked = options?.Clone() ?? new ChatOptions();
        marked.RawRepresentationFactory = _ =>
        {
            var raw = new ChatCompletionOptions();
            raw.Patch.Set("$.continue_final_message"u8, true);
            raw.Patch.Set("$.add_generation_prompt"u8, false);
            return raw;
        };
        return marked;
    }
#pragma warning restore SCME0001
}
