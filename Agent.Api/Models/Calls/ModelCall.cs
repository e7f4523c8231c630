using Microsoft.Extensions.AI;
using StreamingChatCompletionUpdate = OpenAI.Chat.StreamingChatCompletionUpdate;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>
/// One call of one model that has begun to speak. It has a token of its own: whoever waited for the first word does not hold the rest of
/// the stream in his hand.
/// </summary>
internal sealed class ModelCall : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<ChatResponseUpdate> _updates;
    private readonly List<ChatResponseUpdate> _opening = [];

    private ModelCall(ModelRoute route, ModelRequest request) => _updates = route.Client
        .GetStreamingResponseAsync(request.Messages, request.Options, _stop.Token).GetAsyncEnumerator(_stop.Token);

    /// <summary>What has come up to the first word, it included.</summary>
    public IReadOnlyList<ChatResponseUpdate> Opening => _opening;

    /// <summary>The update that the last <see cref="NextAsync"/> has brought.</summary>
    public ChatResponseUpdate Current => _updates.Current;

    /// <summary>Calls the route and waits for its first word. Whatever goes wrong before it closes the connection.</summary>
    /// <exception cref="CallException">It said nothing.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/>, which is of no meaning afterwards.</exception>
    public static async Task<ModelCall> StartAsync(ModelRoute route, ModelRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var call = new ModelCall(route, request);
        try
        {
            using (cancellationToken.UnsafeRegister(stop => ((CancellationTokenSource)stop!).Cancel(), call._stop))
            {
                await call.OpenAsync(route, request.MayBeEmpty);
            }

            cancellationToken.ThrowIfCancellationRequested();
            return call;
        }
        catch (Exception exception)
        {
            await call.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw CallException.Of(route.Name, exception, begun: false, time);
        }
    }

    /// <summary>Pulls one more update; false: the answer is over.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(stop => ((CancellationTokenSource)stop!).Cancel(), _stop))
        {
            return await _updates.MoveNextAsync();
        }
    }

    /// <summary>Closes the connection, unless the answer has been read to its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _updates.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Whether it calls a tool, or begins to: the call comes in pieces that the abstraction keeps until the stream has ended.</summary>
    public static bool CallsTool(ChatResponseUpdate update) =>
        update.Contents.Any(content => content is FunctionCallContent)
        || update.RawRepresentation is StreamingChatCompletionUpdate { ToolCallUpdates.Count: > 0 };

    private async Task OpenAsync(ModelRoute route, bool mayBeEmpty)
    {
        do
        {
            if (!await _updates.MoveNextAsync())
            {
                // Nothing, and a reason for it, is an answer.
                if (!_opening.Exists(update => update.FinishReason is { } reason && (mayBeEmpty || reason != ChatFinishReason.Stop)))
                {
                    throw new CallException(route.Name, CallFailure.Empty);
                }

                return;
            }

            _opening.Add(_updates.Current);
        }
        while (!IsWord(_updates.Current));
    }

    // A refusal is one, too, though the abstraction drops its words.
    private static bool IsWord(ChatResponseUpdate update) =>
        CallsTool(update)
        || update.Contents.Any(content => content is TextContent { Text.Length: > 0 })
        || update.RawRepresentation is StreamingChatCompletionUpdate { RefusalUpdate.Length: > 0 };
}
