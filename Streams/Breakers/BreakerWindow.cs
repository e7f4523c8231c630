namespace AspireAgent.Streams.Breakers;

/// <summary>
/// The outcomes of a sliding window of time, in buckets of a tenth of it: nothing older counts, and an outcome may be forgotten a
/// tenth early. The window's length is told with each call, and a change keeps what is there: a shorter one drops the older part.
/// Not thread-safe.
/// </summary>
internal sealed class BreakerWindow
{
    private const int Buckets = 10;

    private readonly Queue<Bucket> _buckets = [];
    private Bucket? _newest;

    /// <summary>Counts a call. The result can change its mind.</summary>
    public Bucket Add(TimeSpan now, TimeSpan window, bool hasFailed)
    {
        if (_buckets.Count == 0 || now - _newest!.Begin >= window / Buckets)
        {
            _newest = new Bucket(now);
            _buckets.Enqueue(_newest);
        }

        _newest.Calls++;
        _newest.Failures += hasFailed ? 1 : 0;
        return _newest;
    }

    public (int Calls, int Failures) Count(TimeSpan now, TimeSpan window)
    {
        while (_buckets.TryPeek(out var oldest) && now - oldest.Begin > window)
        {
            _buckets.Dequeue();
        }

        var (calls, failures) = (0, 0);
        foreach (var bucket in _buckets)
        {
            calls += bucket.Calls;
            failures += bucket.Failures;
        }

        return (calls, failures);
    }

    public void Clear() => _buckets.Clear();

    /// <summary>The calls of one tenth; begins with its first.</summary>
    internal sealed class Bucket(TimeSpan begin)
    {
        public TimeSpan Begin => begin;

        public int Calls { get; set; }

        public int Failures { get; set; }
    }
}
