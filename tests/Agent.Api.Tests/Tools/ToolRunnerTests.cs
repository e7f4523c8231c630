using System.Diagnostics;
using System.Reactive.Concurrency;
using System.Text;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Tools;

public sealed class ToolRunnerTests : IDisposable
{
    private readonly ToolHarness _tools = new();

    public void Dispose() => _tools.Dispose();

    [Fact]
    public async Task Run_ToolAnswers_ReturnsItsResultForTheCall()
    {
        _tools.Add("weather", 300);
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"));
        _tools.Clock.Advance(TimeSpan.FromMilliseconds(300));
        _tools.Time.RunTo(300);

        Assert.Equal(new ToolReturned("c1", Ok: true, "weather: Rome", Seconds: 0.3) { Turn = ToolHarness.Turn }, await running);
        Assert.Equal(["0 weather begins"], _tools.Seen);
        Assert.False(_tools.Knobs.HasObservers);
    }

    [Theory]
    [InlineData("wether", """{"city":"Rome"}""", "unknown-tool", null)]
    [InlineData("Weather", """{"city":"Rome"}""", "unknown-tool", null)]
    [InlineData("weather", """{"city":""", "bad-arguments", "The arguments must be one JSON object.")]
    [InlineData("weather", "[1]", "bad-arguments", "The arguments must be one JSON object.")]
    [InlineData("weather", """{"city":"Rome","city":"Bonn"}""", "bad-arguments", "The arguments must be one JSON object.")]
    [InlineData("weather", """{"city":"\ud83d"}""", "bad-arguments", "The arguments must be one JSON object.")]
    [InlineData("weather", "", "bad-arguments", "'city' is missing.")]
    [InlineData("weather", """{"town":"Rome"}""", "bad-arguments", "'city' is missing.")]
    [InlineData("weather", """{"city":7}""", "bad-arguments", "'city' must be of type string.")]
    public async Task Run_CallThatNoToolCanTake_IsToldWhy(string name, string arguments, string error, string? detail)
    {
        _tools.Add("weather", 300);
        var running = _tools.Start(_tools.Build(), ToolHarness.Call(name, arguments));
        _tools.Time.RunTo(1);

        var returned = await running;

        Assert.Equal((false, error, detail), (returned.Ok, returned.Error, returned.Result));
        Assert.Empty(_tools.Seen);
    }

    public static TheoryData<Exception, string> Breaks { get; } = new()
    {
        { new InvalidOperationException("secret"), "failed" },
        { new HttpRequestException("secret"), "failed" },
        { new OperationCanceledException("secret"), "failed" },
        { new TimeoutException("secret"), "timeout" },
        { new TaskCanceledException("secret", new TimeoutException()), "timeout" },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task Run_ToolBreaks_ItsWordsStayOutOfEventAndLog(Exception exception, string error)
    {
        _tools.Add("weather", 300, exception);
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"));
        _tools.Time.RunTo(300);

        var returned = await running;

        Assert.Equal((false, error, null), (returned.Ok, returned.Error, returned.Result));
        var logged = Assert.Single(_tools.Logger.Collector.GetSnapshot());
        Assert.Equal($"Tool weather failed: {exception.GetType().Name}.", logged.Message);
        Assert.Null(logged.Exception);
    }

    [Fact]
    public async Task Run_ToolRefusesItsArguments_TheModelIsToldWhatTheToolSays()
    {
        _tools.Add("weather", 300, new BadArgumentsException("There is no such city."));
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"));
        _tools.Time.RunTo(300);

        var returned = await running;

        Assert.Equal("""{"error":"bad-arguments","detail":"There is no such city."}""", returned.Shown);
        Assert.Empty(_tools.Logger.Collector.GetSnapshot());
    }

    [Fact]
    public async Task Run_ToolTooSlow_IsCancelledAndTimesOut()
    {
        _tools.Add("weather", 10_500);
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"));
        _tools.Time.RunTo(9_999);
        Assert.False(running.IsCompleted);
        _tools.Time.RunTo(10_000);

        Assert.Equal("timeout", (await running).Error);
        Assert.Equal(["0 weather begins", "10000 weather cancelled"], _tools.Seen);
    }

    [Fact]
    public async Task Run_ToolHeedsNoToken_TimesOutAllTheSame()
    {
        _tools.Add(new Tool(AIFunctionFactory.Create(() => new TaskCompletionSource<string>().Task, "deaf"), ToolEffect.Effectful, TimeSpan.FromSeconds(1)));
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("deaf", "{}"));
        _tools.Time.RunTo(1_000);

        Assert.Equal("timeout", (await running).Error);
    }

    // On the real clock: a thread that is blocked takes virtual time with it.
    [Fact]
    public async Task Run_ToolBlocksItsThread_TimesOutAllTheSame()
    {
        using var released = new ManualResetEventSlim();
        var tool = new Tool(AIFunctionFactory.Create(() => released.Wait(TestContext.Current.CancellationToken), "blocking"), ToolEffect.Effectful, TimeSpan.FromMilliseconds(50));
        _tools.Add(tool);

        var returned = await _tools.Start(_tools.Build(DefaultScheduler.Instance), ToolHarness.Call("blocking", "{}")).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        released.Set();

        Assert.Equal("timeout", returned.Error);
    }

    [Fact]
    public async Task Run_ToolsSwitchedOff_NoneBegins()
    {
        _tools.Add("weather", 300);
        _tools.Kill();

        var returned = await _tools.Start(_tools.Build(), ToolHarness.Call("weather"));

        Assert.Equal("switched-off", returned.Error);
        Assert.Empty(_tools.Seen);
    }

    [Fact]
    public async Task Run_ToolsSwitchedOffInMidCall_TheToolIsCancelledAtOnce()
    {
        _tools.Add("weather", 300);
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"));
        _tools.Time.RunTo(100);
        _tools.Knobs.OnNext(new LiveKnobs { Temperature = 1 });
        Assert.False(running.IsCompleted);
        _tools.Kill();

        Assert.Equal("switched-off", (await running).Error);
        Assert.Equal(["0 weather begins", "100 weather cancelled"], _tools.Seen);
        Assert.False(_tools.Knobs.HasObservers);
        Assert.Equal(0, _tools.Health.Current.Calls);
    }

    [Fact]
    public async Task Run_ToolOffForThisTurn_DoesNotBeginWhateverTheModelCalls()
    {
        _tools.Add("weather", 300);

        var returned = await _tools.Start(
            _tools.Build(), ToolHarness.Call("weather"), new TurnConfig { Tools = new Dictionary<string, bool> { ["weather"] = false } });

        Assert.Equal("switched-off", returned.Error);
        Assert.Empty(_tools.Seen);
    }

    [Fact]
    public async Task Run_Cancelled_CancelsTheToolAndThrows()
    {
        _tools.Add("weather", 300);
        using var stop = new CancellationTokenSource();
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("weather"), cancellationToken: stop.Token);
        _tools.Time.RunTo(100);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(["0 weather begins", "100 weather cancelled"], _tools.Seen);
        Assert.False(_tools.Knobs.HasObservers);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _tools.Start(_tools.Build(), ToolHarness.Call("weather"), cancellationToken: stop.Token));
    }

    // On the real clock and the real pool, at whatever instant the stop comes.
    [Fact]
    public async Task Run_CancelledAtAnyInstant_LeavesNoToolRunning()
    {
        var (begun, ended) = (0, 0);
        var endless = AIFunctionFactory.Create(
            async (CancellationToken cancellationToken) =>
            {
                Interlocked.Increment(ref begun);
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                }
                finally
                {
                    Interlocked.Increment(ref ended);
                }
            },
            "endless");
        var tool = new Tool(endless, ToolEffect.ReadOnly, TimeSpan.FromMinutes(5), HedgeWith: "other") { HedgeAfter = TimeSpan.FromTicks(1) };
        _tools.Add(tool);
        _tools.Add(new Tool(AIFunctionFactory.Create((CancellationToken token) => endless.InvokeAsync([], token), "other"), ToolEffect.ReadOnly, tool.Timeout));
        var runner = _tools.Build(DefaultScheduler.Instance);

        await Parallel.ForEachAsync(Enumerable.Range(0, 500), TestContext.Current.CancellationToken, async (i, _) =>
        {
            using var stop = new CancellationTokenSource();
            var running = _tools.Start(runner, ToolHarness.Call("endless", ""), cancellationToken: stop.Token);
            for (var turns = i % 50 * 10; turns > 0; turns--)
            {
                await Task.Yield();
            }

            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        });

        await Poll.UntilAsync(() => Volatile.Read(ref begun) == Volatile.Read(ref ended), "the tools' end");
        Assert.InRange(begun, 1, 1_000);
        Assert.False(_tools.Knobs.HasObservers);
    }

    [Fact]
    public async Task Run_KnobsHaveEnded_NoToolBegins()
    {
        _tools.Add("weather", 300);
        _tools.Knobs.OnCompleted();

        Assert.Equal("switched-off", (await _tools.Start(_tools.Build(), ToolHarness.Call("weather"))).Error);
    }

    public static TheoryData<object?, string> Results { get; } = new()
    {
        { "plain \"text\"", "plain \"text\"" },
        { null, "null" },
        { 7, "7" },
        { new { City = "Köln", Celsius = 21.5 }, """{"city":"Köln","celsius":21.5}""" },
        { new[] { 1, 2 }, "[1,2]" },
    };

    [Theory]
    [MemberData(nameof(Results), DisableDiscoveryEnumeration = true)]
    public async Task Run_AnyResult_IsTextOrCompactJson(object? result, string shown)
    {
        _tools.Add(new Tool(AIFunctionFactory.Create(() => result, "any"), ToolEffect.ReadOnly, TimeSpan.FromSeconds(1)));
        var running = _tools.Start(_tools.Build(), ToolHarness.Call("any", ""));
        _tools.Time.RunTo(1);

        Assert.Equal(shown, (await running).Result);
        Assert.Equal("words", ToolOutcome.Of(new TextContent("words")).Text);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("é")]
    [InlineData("😀")]
    public void Outcome_ResultTooLong_IsCutAtACharacterAndSaysSo(string character)
    {
        var text = "x" + string.Concat(Enumerable.Repeat(character, 20_000));

        var cut = ToolOutcome.Of(text).Text!;

        Assert.InRange(Encoding.UTF8.GetByteCount(cut), ToolOutcome.MostBytes - 4, ToolOutcome.MostBytes);
        Assert.EndsWith($"{character}\n[cut: {Encoding.UTF8.GetByteCount(text)} bytes]", cut, StringComparison.Ordinal);
        Assert.Equal(new string('y', ToolOutcome.MostBytes), ToolOutcome.Of(new string('y', ToolOutcome.MostBytes)).Text);
    }

    [Theory]
    [InlineData("weather", 300, null, "ok", ActivityStatusCode.Unset)]
    [InlineData("weather", 300, "failed", "failed", ActivityStatusCode.Error)]
    [InlineData("made up by the model", 300, "unknown-tool", "unknown-tool", ActivityStatusCode.Error)]
    public async Task Run_AnyCall_LeavesASpanByTheConvention(string name, int milliseconds, string? error, string outcome, ActivityStatusCode status)
    {
        var (id, ended) = ($"c-{Guid.NewGuid():N}", new List<Activity>());
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == AgentActivities.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("gen_ai.tool.call.id"), id))
                {
                    ended.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        _tools.Add("weather", milliseconds, error is null ? null : new InvalidOperationException());
        var call = ToolHarness.Call(name, id: id);
        var parent = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var running = _tools.Build().RunAsync(call, _tools.Context(call) with { Trace = parent }, TestContext.Current.CancellationToken);
        _tools.Time.RunTo(300);
        await running;

        var activity = Assert.Single(ended);
        var tool = name == "weather" ? name : ToolMetrics.Unknown;
        Assert.Equal(($"execute_tool {tool}", parent.SpanId, status), (activity.OperationName, activity.ParentSpanId, activity.Status));
        Assert.Equal(
            new Dictionary<string, object?>
            {
                ["gen_ai.operation.name"] = "execute_tool", ["gen_ai.tool.name"] = tool, ["gen_ai.tool.call.id"] = id,
                ["aspireagent.outcome"] = outcome, ["error.type"] = error,
            }.Where(tag => tag.Value is not null),
            activity.TagObjects);
    }
}
