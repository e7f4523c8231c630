using System.Collections.Concurrent;

namespace AspireAgent.Agent.Admission;

/// <summary>How long a route's answers are, nearly at most: the 95th percentile of its last ones.</summary>
internal sealed class OutputEstimator
{
    private const int Remembered = 128;
    private const int Least = 8;
    private const double Share = 0.95;
    private const long Unknown = -1;

    private readonly ConcurrentDictionary<string, Outputs> _routes = new();

    /// <summary>Output tokens to reckon with; null: too few answers are known to tell.</summary>
    public long? Estimate(string route) => _routes.TryGetValue(route, out var outputs) ? outputs.Estimate : null;

    /// <summary>An answer is over.</summary>
    public void Settled(string route, long outputTokens) => _routes.GetOrAdd(route, static _ => new Outputs()).Add(outputTokens);

    private sealed class Outputs
    {
        private readonly Lock _lock = new();
        private readonly long[] _last = new long[Remembered];
        private long _count;
        private long _estimate = Unknown;

        public long? Estimate => Volatile.Read(ref _estimate) is var estimate and not Unknown ? estimate : null;

        public void Add(long outputTokens)
        {
            lock (_lock)
            {
                _last[_count++ % Remembered] = outputTokens;
                if (_count >= Least)
                {
                    Span<long> sorted = stackalloc long[(int)Math.Min(_count, Remembered)];
                    _last.AsSpan(0, sorted.Length).CopyTo(sorted);
                    sorted.Sort();
                    Volatile.Write(ref _estimate, sorted[(int)Math.Ceiling(Share * sorted.Length) - 1]);
                }
            }
        }
    }
}
