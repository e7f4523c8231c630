using System.Diagnostics.Metrics;
using AspireAgent.Testing;

namespace AspireAgent.ServiceDefaults.Tests;

/// <summary>The tests' own instrument for other processes' meters, tried on this one.</summary>
public sealed class ProcessMetricsTests
{
    [Fact]
    public async Task Meters_HeardFromOutside_TellWhatWasMeasured()
    {
        using var meter = new Meter("Test.Outside");
        var (counter, histogram) = (meter.CreateCounter<long>("test.counter"), meter.CreateHistogram<double>("test.histogram"));
        meter.CreateObservableUpDownCounter("test.level", () => 7);
        counter.Add(1_000);

        await using var metrics = await ProcessMetrics.ListenAsync(Environment.ProcessId, "Test.Outside");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "b"));
        for (var i = 1; i <= 1_000; i++)
        {
            histogram.Record(i / 1_000.0, new KeyValuePair<string, object?>("odd", i % 2));
            if (i == 500)
            {
                await metrics.SoFarAsync();
            }
        }

        histogram.Record(0);

        var told = await metrics.SoFarAsync();
        Assert.Equal(7, told.Values["test.level"]);
        Assert.Equal(2, told.Values["test.counter{kind=a}"]);
        Assert.Equal(5, told.Sum("test.counter"));
        var whole = told.Histogram("test.histogram");
        Assert.Equal(1_001, whole.Count);
        Assert.Equal(500.5, whole.Sum, 1e-6);
        Assert.Equal(0, whole.At(0));
        Assert.InRange(whole.At(0.5), 0.49, 0.51);
        Assert.InRange(whole.At(0.99), 0.97, 1.0);
        Assert.Equal(1, whole.At(1), 0.02);
        Assert.Equal(500, told.Flat()["test.histogram{odd=1}/count"]);
    }

    [Fact]
    public async Task ManagedHeap_OfWhatIsLetGo_FallsAgain()
    {
        var before = await ProcessMetrics.ManagedHeapAsync(Environment.ProcessId);
        var held = GC.AllocateUninitializedArray<byte>(50_000_000);
        var full = await ProcessMetrics.ManagedHeapAsync(Environment.ProcessId);
        GC.KeepAlive(held);
        held = null;
        var after = await ProcessMetrics.ManagedHeapAsync(Environment.ProcessId);

        Assert.InRange(full - before, 40_000_000, 60_000_000);
        Assert.InRange(full - after, 40_000_000, 60_000_000);
    }
}
