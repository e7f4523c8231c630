using System.Reactive.Subjects;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Tools;

public sealed class ToolHealthTests : IDisposable
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTimeProvider _time = new();
    private readonly BehaviorSubject<TimeSpan> _window = new(TimeSpan.FromSeconds(10));
    private readonly ToolHealth _health;

    public ToolHealthTests() => _health = new ToolHealth(_window, _time);

    public void Dispose()
    {
        _health.Dispose();
        _window.Dispose();
        _provider.Dispose();
    }

    [Fact]
    public void Window_TimePasses_OldCallsLeaveIt()
    {
        Assert.Equal(0, _health.Current.FailedShare);
        Add(failed: 1, ok: 0);
        Wait(5);
        Add(failed: 1, ok: 2);

        Assert.Equal((4, 2, 0.5), (_health.Current.Calls, _health.Current.Failed, _health.Current.FailedShare));
        Wait(4);
        Assert.Equal(4, _health.Current.Calls);
        Wait(1);
        Assert.Equal(new ToolWindow(3, 1), _health.Current);
        Wait(5);
        Assert.Equal(new ToolWindow(0, 0), _health.Current);
    }

    [Fact]
    public void Window_LengthChanges_LosesNothing()
    {
        Add(failed: 1, ok: 0);
        Wait(30);
        Add(failed: 0, ok: 1);
        Assert.Equal(new ToolWindow(1, 0), _health.Current);

        _window.OnNext(TimeSpan.FromMinutes(1));
        Assert.Equal(new ToolWindow(2, 1), _health.Current);
        _window.OnNext(TimeSpan.FromSeconds(0.1));
        Assert.Equal(new ToolWindow(1, 0), _health.Current);
        _window.OnNext(TimeSpan.FromDays(1));
        Assert.Equal(new ToolWindow(2, 1), _health.Current);
    }

    [Fact]
    public void Window_AnHourLater_CountsAnew()
    {
        _window.OnNext(TimeSpan.FromHours(1));
        Add(failed: 2, ok: 0);
        Wait(3_600);
        Assert.Equal(new ToolWindow(0, 0), _health.Current);
        Add(failed: 0, ok: 1);

        Assert.Equal(new ToolWindow(1, 0), _health.Current);
    }

    [Fact]
    public void Signal_FailsOrIsLeft_TheLastWindowStands()
    {
        _window.OnError(new InvalidOperationException());
        Add(failed: 1, ok: 0);
        Assert.Equal(1, _health.Current.FailedShare);

        using var window = new BehaviorSubject<TimeSpan>(TimeSpan.FromSeconds(1));
        new ToolHealth(window, _time).Dispose();
        Assert.False(window.HasObservers);
    }

    [Fact]
    public async Task Add_ManyThreads_CountsEachCall()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => Add(failed: i == 0 ? 1_000 : 0, ok: i == 0 ? 0 : 1_000))));

        Assert.Equal(new ToolWindow(4_000, 1_000), _health.Current);
    }

    public static TheoryData<string?, string> Outcomes { get; } = new()
    {
        { null, "ok" },
        { ToolReturned.Timeout, "timeout" },
        { ToolReturned.Failed, "failed" },
        { ToolReturned.SwitchedOff, "switched-off" },
        { ToolReturned.UnknownTool, "unknown-tool" },
        { ToolReturned.BadArguments, "bad-arguments" },
        { "of others", "failed" },
    };

    [Theory]
    [MemberData(nameof(Outcomes))]
    public void Called_EachOutcome_HasItsTag(string? error, string tag)
    {
        var factory = _provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        using var calls = new MetricCollector<long>(factory, AgentMetrics.MeterName, "aspireagent.tool.calls");
        using var duration = new MetricCollector<double>(factory, AgentMetrics.MeterName, "aspireagent.tool.duration");

        new ToolMetrics(factory, _health).Called("clock", new ToolOutcome(error, "secret"), TimeSpan.FromSeconds(0.5));

        var expected = new Dictionary<string, object?> { ["aspireagent.tool"] = "clock", ["aspireagent.outcome"] = tag };
        Assert.Equal(expected, calls.LastMeasurement!.Tags);
        Assert.Equal(expected, duration.LastMeasurement!.Tags);
        Assert.Equal(0.5, duration.LastMeasurement.Value);
        Assert.Equal("cancelled", ToolMetrics.ToTag((ToolOutcome?)null));
    }

    [Fact]
    public void Hedged_EachOutcome_HasItsTag() =>
        Assert.Equal(["won", "lost", "failed"], Enum.GetValues<HedgeOutcome>().Select(ToolMetrics.ToTag));

    [Fact]
    public void FailedShare_Observed_IsThatOfTheWindow()
    {
        var factory = _provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        using var share = new MetricCollector<double>(factory, AgentMetrics.MeterName, "aspireagent.tool.failed_share");
        _ = new ToolMetrics(factory, _health);
        Add(failed: 1, ok: 3);

        share.RecordObservableInstruments();

        Assert.Equal(0.25, share.LastMeasurement!.Value);
    }

    [Fact]
    public async Task Run_CallsOfAllKinds_CountByWhatBecameOfThem()
    {
        using var tools = new ToolHarness();
        using var calls = new MetricCollector<long>(tools.Meters, AgentMetrics.MeterName, "aspireagent.tool.calls");
        tools.Add("good", 10);
        tools.Add("bad", 10, new InvalidOperationException());
        using var stop = new CancellationTokenSource();
        var runner = tools.Build();
        Task<ToolReturned>[] running =
            [.. new[] { "good", "bad", "made up by the model" }.Select(name => tools.Start(runner, ToolHarness.Call(name)))];
        var cancelled = tools.Start(runner, ToolHarness.Call("good"), cancellationToken: stop.Token);
        await stop.CancelAsync();
        tools.Time.RunTo(10);
        await Task.WhenAll(running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Assert.Equal(
            ["bad failed", "good cancelled", "good ok", "unknown unknown-tool"],
            calls.GetMeasurementSnapshot().Select(call => $"{call.Tags["aspireagent.tool"]} {call.Tags["aspireagent.outcome"]}").Order(StringComparer.Ordinal));
        Assert.Equal(new ToolWindow(3, 2), tools.Health.Current);
    }

    private void Add(int failed, int ok)
    {
        for (var i = 0; i < failed + ok; i++)
        {
            _health.Add(i >= failed);
        }
    }

    private void Wait(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
