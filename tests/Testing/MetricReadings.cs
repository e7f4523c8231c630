namespace AspireAgent.Testing;

/// <summary>What a process' meters told, by <c>instrument</c> or <c>instrument{tag=value,tag=value}</c>.</summary>
/// <param name="Values">Gauges and counters: <c>ProcessMetrics</c> says since when they count.</param>
/// <param name="Histograms">Histograms, whole since the listening began.</param>
public sealed record MetricReadings(IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, MetricHistogram> Histograms)
{
    /// <summary>An instrument's values over all its tags; 0 where it told nothing.</summary>
    public double Sum(string instrument) => Values.Where(value => IsOf(value.Key, instrument)).Sum(value => value.Value);

    /// <summary>An instrument's histograms over all its tags; an empty one where it told nothing.</summary>
    public MetricHistogram Histogram(string instrument) =>
        MetricHistogram.Merge(Histograms.Where(value => IsOf(value.Key, instrument)).Select(value => value.Value));

    /// <summary>All as numbers: a histogram as <c>.../count</c>, <c>/sum</c>, <c>/p50</c>, <c>/p95</c>, <c>/p99</c>.</summary>
    public IReadOnlyDictionary<string, double> Flat()
    {
        var flat = new Dictionary<string, double>(Values);
        foreach (var (name, histogram) in Histograms)
        {
            flat[$"{name}/count"] = histogram.Count;
            flat[$"{name}/sum"] = histogram.Sum;
            flat[$"{name}/p50"] = histogram.At(0.5);
            flat[$"{name}/p95"] = histogram.At(0.95);
            flat[$"{name}/p99"] = histogram.At(0.99);
        }

        return flat;
    }

    private static bool IsOf(string key, string instrument) =>
        key == instrument || (key.StartsWith(instrument, StringComparison.Ordinal) && key[instrument.Length] == '{');
}
