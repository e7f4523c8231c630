using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace AspireAgent.Bench.Models;

/// <summary>A model in this process: as many tokens as it is asked for, each on a thread of the pool, and at once.</summary>
internal sealed class SpeakingClient : IChatClient
{
    private static readonly string[] Words = [" one", " word", " and", " the", " next"]; // never the same twice in a row: that is a loop

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var tokens = options!.MaxOutputTokens!.Value;
        for (var i = 0; i < tokens; i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ChatResponseUpdate(ChatRole.Assistant, Words[i % Words.Length]) { ModelId = "bench" };
        }

        yield return new ChatResponseUpdate(
            ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 10, OutputTokenCount = tokens })]) { FinishReason = ChatFinishReason.Stop };
    }

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Turns stream.");

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
