using System.Globalization;

namespace AspireAgent.Bench;

/// <summary>Some durations, and what is said of them.</summary>
internal sealed class Latencies
{
    private readonly List<double> _milliseconds = [];

    public int Count => _milliseconds.Count;

    public void Add(TimeSpan took) => _milliseconds.Add(Math.Max(0, took.TotalMilliseconds));

    /// <summary>The value below which this share lies (nearest rank); milliseconds.</summary>
    public double At(double share)
    {
        var sorted = _milliseconds.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"p50 {At(0.5),7:0.00} ms   p95 {At(0.95),7:0.00} ms   p99 {At(0.99),7:0.00} ms   max {At(1),7:0.00} ms   n {Count}");
}
