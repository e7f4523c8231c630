using System.Globalization;

namespace AspireAgent.Testing;

/// <summary>What a histogram recorded, in buckets some 2 % wide, so that several of them (tags, processes) add up to one.</summary>
public sealed class MetricHistogram
{
    /// <summary>Buckets a power of two is cut into: 2 to the power of 5.</summary>
    internal const int Scale = 5;

    private readonly SortedDictionary<int, long> _buckets = [];
    private double _minimum = double.MaxValue;
    private double _maximum;

    public long Count { get; private set; }

    public double Sum { get; private set; }

    public static MetricHistogram Merge(IEnumerable<MetricHistogram> parts)
    {
        var whole = new MetricHistogram();
        foreach (var part in parts)
        {
            foreach (var (index, count) in part._buckets)
            {
                whole._buckets[index] = whole._buckets.GetValueOrDefault(index) + count;
            }

            whole.Count += part.Count;
            whole.Sum += part.Sum;
            whole._minimum = Math.Min(whole._minimum, part._minimum);
            whole._maximum = Math.Max(whole._maximum, part._maximum);
        }

        return whole;
    }

    /// <summary>The value below which this share lies (nearest rank), to about 1 %; 0 of an empty one.</summary>
    public double At(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        foreach (var (index, count) in _buckets)
        {
            if ((seen += count) >= rank)
            {
                return Math.Clamp(index == int.MinValue ? 0 : Math.Pow(2, (index + 0.5) / (1 << Scale)), _minimum, _maximum);
            }
        }

        return 0;
    }

    /// <summary>
    /// Reads what the event source tells. It names the counts of neighbouring buckets, <c>"1, 0, 3"</c>, but not the first one's index:
    /// the last one is the maximum's.
    /// </summary>
    internal static MetricHistogram Read(int scale, double sum, long count, long zeros, double minimum, double maximum, string buckets)
    {
        if (scale != Scale && count > zeros)
        {
            throw new InvalidOperationException($"The values lie too far apart: the event source went down to scale {scale}.");
        }

        var histogram = new MetricHistogram { Count = count, Sum = sum, _minimum = minimum, _maximum = maximum };
        if (zeros > 0)
        {
            histogram._buckets[int.MinValue] = zeros;
        }

        if (count > zeros)
        {
            var counts = buckets.Split(", ");
            var first = (int)Math.Ceiling(Math.Log2(maximum) * (1 << Scale)) - counts.Length;
            for (var i = 0; i < counts.Length; i++)
            {
                histogram._buckets[first + i] = long.Parse(counts[i], CultureInfo.InvariantCulture);
            }
        }

        return histogram;
    }
}
