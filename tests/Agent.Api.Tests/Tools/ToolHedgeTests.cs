using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Tools;

/// <summary>A, accurate and slow, hedged with B, fast: in virtual time.</summary>
public sealed class ToolHedgeTests : IDisposable
{
    private static readonly Exception Broken = new InvalidOperationException("secret");

    private readonly ToolHarness _tools = new();

    public void Dispose() => _tools.Dispose();

    [Fact]
    public async Task Hedge_FirstAnswersWithinTwoSeconds_SecondNeverBegins()
    {
        Assert.Equal("a: Rome", await ResultAsync(1_900, 300));
        Assert.Equal(["0 a begins"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_SecondIsFaster_WinsAndTheFirstIsCancelled()
    {
        Assert.Equal("b: Rome", await ResultAsync(2_500, 300, until: 2_300));
        Assert.Equal(["0 a begins", "2000 b begins", "2300 a cancelled"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_FirstIsFasterAfterAll_WinsAndTheSecondIsCancelled()
    {
        Assert.Equal("a: Rome", await ResultAsync(2_100, 300, until: 2_100));
        Assert.Equal(["0 a begins", "2000 b begins", "2100 b cancelled"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_FirstFailsAtOnce_SecondBeginsAtOnce()
    {
        Assert.Equal("b: Rome", await ResultAsync(1, 300, firstError: Broken, until: 301));
        Assert.Equal(["0 a begins", "1 b begins"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_SecondFails_FirstGoesOnAlone() =>
        Assert.Equal("a: Rome", await ResultAsync(2_500, 300, secondError: Broken, until: 2_500));

    [Fact]
    public async Task Hedge_BothFail_OneErrorNamesBoth() =>
        Assert.Equal("""{"error":"failed","detail":"a: failed; b: timeout"}""", await ResultAsync(2_500, null, firstError: Broken, until: 12_000));

    [Fact]
    public async Task Hedge_FirstRefusesTheArguments_SecondIsNotAsked()
    {
        Assert.Equal(
            """{"error":"bad-arguments","detail":"no such city"}""", await ResultAsync(1, 300, firstError: new BadArgumentsException("no such city"), until: 1));
        Assert.Equal(["0 a begins"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_SecondRefusesTheArguments_FirstGoesOnAlone() =>
        Assert.Equal("a: Rome", await ResultAsync(2_500, 300, secondError: new BadArgumentsException("no such city"), until: 2_500));

    [Fact]
    public async Task Hedge_SecondIsSwitchedOff_FirstIsOnItsOwn()
    {
        var config = new TurnConfig { Tools = new Dictionary<string, bool> { ["b"] = false } };

        Assert.Equal("a: Rome", await ResultAsync(2_500, 300, until: 2_500, config: config));
        Assert.Equal(["0 a begins"], _tools.Seen);
    }

    [Fact]
    public async Task Hedge_SwitchedOffWhileBothRun_BothAreCancelled()
    {
        var running = Start(5_000, 5_000);
        _tools.Time.RunTo(2_400);
        _tools.Kill();

        Assert.Equal("switched-off", (await running).Error);
        Assert.Equal(["2400 a cancelled", "2400 b cancelled"], _tools.Seen.Skip(2).Order());
    }

    [Theory]
    [InlineData(1_900, 300, false, null)]
    [InlineData(2_500, 300, false, "won")]
    [InlineData(2_100, 300, false, "lost")]
    [InlineData(2_500, 300, true, "failed")]
    public async Task Hedge_SecondBegan_IsCountedByWhatBecameOfIt(int first, int second, bool fail, string? outcome)
    {
        using var hedges = new MetricCollector<long>(_tools.Meters, AgentMetrics.MeterName, "aspireagent.tool.hedges");

        await ResultAsync(first, second, fail ? Broken : null, fail ? Broken : null);

        Assert.Equal(outcome is null ? [] : [("a", outcome)], hedges.GetMeasurementSnapshot().Select(measured =>
            ((string)measured.Tags["aspireagent.tool"]!, (string)measured.Tags["aspireagent.outcome"]!)));
    }

    private async Task<string> ResultAsync(
        int first, int? second, Exception? firstError = null, Exception? secondError = null, int until = 20_000, TurnConfig? config = null)
    {
        var running = Start(first, second, firstError, secondError, config);
        _tools.Time.RunTo(until);
        return (await running).Shown;
    }

    private Task<Contracts.Sessions.ToolReturned> Start(
        int? first, int? second, Exception? firstError = null, Exception? secondError = null, TurnConfig? config = null)
    {
        _tools.Add("a", first, firstError, hedgeWith: "b");
        _tools.Add("b", second, secondError);
        return _tools.Start(_tools.Build(), ToolHarness.Call("a"), config);
    }
}
