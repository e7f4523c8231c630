using System.Diagnostics.Metrics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Tools;

/// <summary>A runner in virtual time, with tools that write down when they begin, end and are cancelled.</summary>
internal sealed class ToolHarness : IDisposable
{
    public const string Turn = "01J";

    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<Tool> _tools = [];

    public VirtualTime Time { get; } = new();

    /// <summary>Of the durations alone.</summary>
    public FakeTimeProvider Clock { get; } = new();

    public BehaviorSubject<LiveKnobs> Knobs { get; } = new(new LiveKnobs());

    public FakeLogger<ToolRunner> Logger { get; } = new();

    /// <summary><c>"0 a begins"</c>, <c>"1900 a ends"</c>, <c>"1900 b cancelled"</c>.</summary>
    public List<string> Seen { get; } = [];

    public IMeterFactory Meters => _provider.GetRequiredService<IMeterFactory>();

    public ToolHealth Health { get; private set; } = null!;

    public void Add(Tool tool) => _tools.Add(tool);

    /// <summary>Takes <c>{"city":"..."}</c> and answers, or fails, after a while of virtual time; null: never.</summary>
    public void Add(string name, int? milliseconds, Exception? error = null, string? hedgeWith = null, int timeoutSeconds = 10) => Add(new Tool(
        AIFunctionFactory.Create(
            async (string city, CancellationToken cancellationToken) =>
            {
                Seen.Add($"{Time.Now} {name} begins");
                var done = new TaskCompletionSource(); // goes on in the same instant of virtual time
                if (milliseconds is { } wait)
                {
                    Time.At(Time.Now + wait, () => done.TrySetResult());
                }

                using var cancelled = cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
                try
                {
                    await done.Task;
                }
                catch (OperationCanceledException)
                {
                    Seen.Add($"{Time.Now} {name} cancelled");
                    throw;
                }

                return error is null ? $"{name}: {city}" : throw error;
            },
            name),
        ToolEffect.ReadOnly, TimeSpan.FromSeconds(timeoutSeconds), hedgeWith));

    /// <summary>The runner over the tools so far, in virtual time unless told otherwise.</summary>
    public ToolRunner Build(IScheduler? scheduler = null)
    {
        Health = new ToolHealth(Observable.Return(TimeSpan.FromMinutes(1)), Clock);
        return new ToolRunner(new ToolRegistry(_tools), Health, new ToolMetrics(Meters, Health), scheduler ?? Time.Scheduler, Clock, Logger);
    }

    public static ToolCalled Call(string name, string arguments = """{"city":"Rome"}""", string id = "c1") =>
        new(id, name, arguments, "read-only") { Turn = Turn };

    public ToolContext Context(ToolCalled call, TurnConfig? config = null) => new("session", 0, [call], config ?? new TurnConfig(), Knobs);

    public Task<ToolReturned> Start(ToolRunner runner, ToolCalled call, TurnConfig? config = null, CancellationToken cancellationToken = default) =>
        runner.RunAsync(call, Context(call, config), cancellationToken);

    public void Kill() => Knobs.OnNext(new LiveKnobs { Kill = new KillSwitches { Tools = true } });

    public void Dispose()
    {
        Health?.Dispose();
        Knobs.Dispose();
        _provider.Dispose();
    }
}
