using System.Text.Json;
using System.Threading.Channels;
using AspireAgent.Agent.Tools;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>A tool that does what the test says, when it says it.</summary>
internal sealed class PlayedTool
{
    private readonly Channel<ToolRun> _runs = Channel.CreateUnbounded<ToolRun>();
    private int _count;

    public PlayedTool(string name, ToolEffect effect = ToolEffect.ReadOnly) =>
        Tool = new Tool(AIFunctionFactory.Create(RunAsync, name), effect, TimeSpan.FromMinutes(1));

    public Tool Tool { get; }

    /// <summary>Runs so far.</summary>
    public int Runs => Volatile.Read(ref _count);

    /// <summary>The next run; it waits for what the test does with it.</summary>
    public Task<ToolRun> NextRunAsync() => _runs.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>A model calls tools, and ends.</summary>
    public static void Call(FakeCall model, params (string Id, string Name, string Arguments)[] calls)
    {
        model.Updates.Writer.TryWrite(new ChatResponseUpdate(
            ChatRole.Assistant,
            [.. calls.Select(call => new FunctionCallContent(call.Id, call.Name, JsonSerializer.Deserialize<Dictionary<string, object?>>(call.Arguments)))])
        {
            ModelId = "fake-1",
        });
        model.Updates.Writer.TryWrite(new ChatResponseUpdate(
            ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 10, OutputTokenCount = 2 })]) { FinishReason = ChatFinishReason.ToolCalls });
        model.Updates.Writer.Complete();
    }

    /// <summary>What a model is shown, with calls and results: <c>assistant:[c1 look {}]</c>, <c>tool:(c1) sunny</c>.</summary>
    public static string Shown(FakeCall model) => string.Join('|', model.Messages.Select(message => $"{message.Role}:" + string.Concat(message.Contents.Select(
        content => content switch
        {
            FunctionCallContent call => $"[{call.CallId} {call.Name} {JsonSerializer.Serialize(call.Arguments)}]",
            FunctionResultContent result => $"({result.CallId}) {result.Result}",
            _ => $"{content}",
        }))));

    private async Task<string> RunAsync(AIFunctionArguments arguments, CancellationToken cancellationToken, string? city = null)
    {
        var run = new ToolRun(ToolOperation.Of(arguments)!, city);
        Interlocked.Increment(ref _count);
        await _runs.Writer.WriteAsync(run, cancellationToken);
        try
        {
            return await run.Result.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            run.Cancelled.SetResult();
            throw;
        }
    }
}

/// <summary>One run of a tool.</summary>
/// <param name="Operation">Its operation's id.</param>
/// <param name="City">Its argument.</param>
internal sealed record ToolRun(string Operation, string? City)
{
    public TaskCompletionSource<string> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Return(string result) => Result.SetResult(result);
}
