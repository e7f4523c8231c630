using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests;

/// <summary>A model that says what the test says, when it says it.</summary>
internal sealed class FakeChatClient : IChatClient
{
    private readonly Channel<FakeCall> _calls = Channel.CreateUnbounded<FakeCall>();

    private int _count;

    /// <summary>The next call that comes.</summary>
    public Task<FakeCall> NextCallAsync() => _calls.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Calls so far.</summary>
    public int Calls => Volatile.Read(ref _count);

    public bool HasCalls => _calls.Reader.Count > 0;

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = new FakeCall([.. messages], options);
        Interlocked.Increment(ref _count);
        await _calls.Writer.WriteAsync(call, cancellationToken);
        try
        {
            await foreach (var update in call.Updates.Reader.ReadAllAsync(cancellationToken))
            {
                yield return update;
            }
        }
        finally
        {
            call.Ended.TrySetResult(cancellationToken.IsCancellationRequested);
        }
    }

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Turns stream.");

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

/// <summary>One call of the model.</summary>
internal sealed record FakeCall(IReadOnlyList<ChatMessage> Messages, ChatOptions? Options)
{
    public Channel<ChatResponseUpdate> Updates { get; } = Channel.CreateUnbounded<ChatResponseUpdate>();

    /// <summary>Ends with the call: whether it was cancelled.</summary>
    public TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Prompt => string.Join('|', Messages.Select(message => $"{message.Role}:{message.Text}"));

    public void Say(params string[] tokens) =>
        Array.ForEach(tokens, token => Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, token) { ModelId = "fake-1" }));

    public void Finish(int input = 10, int output = 2)
    {
        Updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = input, OutputTokenCount = output })])
        {
            FinishReason = ChatFinishReason.Stop,
        });
        Updates.Writer.Complete();
    }

    public void Fail(Exception exception) => Updates.Writer.Complete(exception);
}
