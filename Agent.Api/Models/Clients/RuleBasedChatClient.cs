using System.Runtime.CompilerServices;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// The last resort of a plan: answers by rule, in this process, and so cannot fail. Of several keywords that the user's last words
/// hold the longest decides, then the first in the alphabet.
/// </summary>
internal sealed class RuleBasedChatClient(LastResortConfig config) : IChatClient
{
    /// <summary>What it calls itself where models are named.</summary>
    public const string Model = "rule-based";

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask; // there is nothing to wait for
        cancellationToken.ThrowIfCancellationRequested();
        var asked = messages.LastOrDefault(message => message.Role == ChatRole.User)?.Text ?? "";
        var update = new ChatResponseUpdate(ChatRole.Assistant, Answer(asked)) { ModelId = Model, FinishReason = ChatFinishReason.Stop };
        update.Contents.Add(new UsageContent(new UsageDetails { InputTokenCount = 0, OutputTokenCount = 0, TotalTokenCount = 0 }));
        yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
    }

    private string Answer(string asked) => config.Answers
        .Where(answer => Words.Has(asked, answer.Key))
        .OrderByDescending(answer => answer.Key.Length).ThenBy(answer => answer.Key, StringComparer.Ordinal)
        .Select(answer => answer.Value)
        .FirstOrDefault(config.Answer);
}
