using System.Diagnostics.Metrics;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams.Breakers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Models;

/// <summary>What the routes' meters tell, and by which tags.</summary>
public sealed class ModelMetricsTests : IDisposable
{
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ModelMetrics _metrics;

    public ModelMetricsTests() => _metrics = new ModelMetrics(Meters);

    private IMeterFactory Meters => _provider.GetRequiredService<IMeterFactory>();

    public void Dispose() => _provider.Dispose();

    [Fact]
    public void Attempted_RouteAndOutcome()
    {
        using var seen = Collect<long>("aspireagent.model.attempts");
        foreach (var outcome in Enum.GetValues<CallFailure>().Select(failure => failure.ToSlug()).Concat(["completed", "cancelled"]))
        {
            _metrics.Attempted("a", outcome);
            Assert.Equal($"1 outcome={outcome} route=a", Last(seen));
        }
    }

    [Fact]
    public void Retried_Route()
    {
        using var seen = Collect<long>("aspireagent.model.retries");
        _metrics.Retried("a");

        Assert.Equal("1 route=a", Last(seen));
    }

    [Fact]
    public void FirstWord_SecondsWithABoundaryAtTheObjective()
    {
        using var seen = Collect<double>("aspireagent.model.first_word");
        _metrics.FirstWord("a", TimeSpan.FromMilliseconds(250));

        Assert.Equal("0.25 route=a", Last(seen));
        Assert.Equal("s", seen.Instrument!.Unit);
        Assert.Contains(1.5, ((Histogram<double>)seen.Instrument).Advice!.HistogramBucketBoundaries!);
    }

    [Theory]
    [InlineData(BreakerState.Closed, "closed")]
    [InlineData(BreakerState.HalfOpen, "half-open")]
    [InlineData(BreakerState.Open, "open")]
    public void BreakerChanged_RouteAndState(BreakerState state, string tag)
    {
        using var seen = Collect<long>("aspireagent.breaker.transitions");
        _metrics.BreakerChanged("a", state);

        Assert.Equal($"1 route=a state={tag}", Last(seen));
    }

    [Theory]
    [InlineData(HedgeOutcome.Won, "won")]
    [InlineData(HedgeOutcome.Lost, "lost")]
    [InlineData(HedgeOutcome.Refused, "refused")]
    internal void Hedged_RouteAndOutcome(HedgeOutcome outcome, string tag)
    {
        using var seen = Collect<long>("aspireagent.model.hedges");
        _metrics.Hedged("b", outcome);

        Assert.Equal($"1 outcome={tag} route=b", Last(seen));
    }

    [Theory]
    [InlineData(SwitchedHow.Fallback, "fallback")]
    [InlineData(SwitchedHow.Hedge, "hedge")]
    [InlineData(SwitchedHow.Continuation, "continuation")]
    [InlineData(SwitchedHow.Restart, "restart")]
    public void Switched_RouteHowAndWhy(SwitchedHow how, string tag)
    {
        using var seen = Collect<long>("aspireagent.model.switches");
        _metrics.Switched("b", how, "timeout");

        Assert.Equal($"1 how={tag} route=b why=timeout", Last(seen));
    }

    [Fact]
    public void Tags_EveryValueHasOneOfItsOwnAndAnUnknownOneThrows()
    {
        OfItsOwn<BreakerState>(ModelMetrics.ToTag);
        OfItsOwn<HedgeOutcome>(ModelMetrics.ToTag);
        OfItsOwn<SwitchedHow>(ModelMetrics.ToTag);

        static void OfItsOwn<T>(Func<T, string> toTag)
            where T : struct, Enum
        {
            var tags = Enum.GetValues<T>().Select(toTag).ToList();
            Assert.Equal(tags.Distinct(), tags);
            Assert.Throws<ArgumentOutOfRangeException>(() => toTag((T)Enum.ToObject(typeof(T), 99)));
        }
    }

    [Fact]
    public void Watch_StateAndFallbackCalls_AreShownUntilItEnds()
    {
        using var states = Collect<int>("aspireagent.breaker.state");
        using var active = Collect<int>("aspireagent.fallback.active");
        var (state, calls) = (BreakerState.Closed, 0);
        var a = _metrics.Watch("a", () => state, () => calls);
        using var b = _metrics.Watch("b", () => BreakerState.HalfOpen, () => 7);

        Assert.Equal(["0 route=a", "1 route=b", "0 route=a", "7 route=b"], Now());
        (state, calls) = (BreakerState.Open, 3);
        Assert.Equal(["2 route=a", "1 route=b", "3 route=a", "7 route=b"], Now());
        a.Dispose();
        Assert.Equal(["1 route=b", "7 route=b"], Now());

        string[] Now()
        {
            states.Clear();
            active.Clear();
            states.RecordObservableInstruments();
            active.RecordObservableInstruments();
            return [.. All(states), .. All(active)];
        }
    }

    private MetricCollector<T> Collect<T>(string instrument)
        where T : struct => new(Meters, AgentMetrics.MeterName, instrument);

    private static string Last<T>(MetricCollector<T> seen)
        where T : struct => Tell(seen.LastMeasurement!);

    private static IEnumerable<string> All<T>(MetricCollector<T> seen)
        where T : struct => seen.GetMeasurementSnapshot().Select(Tell).OrderBy(told => told[^1]);

    private static string Tell<T>(CollectedMeasurement<T> measured)
        where T : struct =>
        string.Join(' ', measured.Tags.Select(tag => $"{tag.Key.Replace("aspireagent.", "")}={tag.Value}").Order(StringComparer.Ordinal).Prepend(FormattableString.Invariant($"{measured.Value}")));
}
