using AspireAgent.Budget.Ledger;

namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>
/// Tokens of each second of the last hour and some, as a ring of running totals: a new second costs O(1), and so does the sum of any
/// span, so that windows may change at any time and lose nothing. Not thread-safe.
/// </summary>
internal sealed class BurnHistory
{
    /// <summary>How far back it is read again each time: a pod that was cut off may be late with what it burnt meanwhile.</summary>
    public const int LateSeconds = 60;

    // An hour before the longest window (5 minutes), and a power of two.
    private const int Capacity = 4_096;

    // At second s, modulo the ring: all tokens from the beginning to the end of s.
    private readonly long[] _totals = new long[Capacity];
    private long _first;
    private long _last = -1;

    /// <summary>From which second on it wants to be told; 0: from the beginning.</summary>
    public long Wants => IsEmpty ? 0 : Math.Max(0, _last - LateSeconds);

    /// <summary>The first second that is observed, and still kept.</summary>
    public long First => Math.Max(_first, _last - Capacity + 2);

    public bool IsEmpty => _last < 0;

    /// <summary>Takes what has been read: counts replace those that were known.</summary>
    public void Take(BurnSeconds burn)
    {
        if (_last - burn.NowSecond > LateSeconds)
        {
            _last = -1; // the store's clock was set back: all is asked for again
            return;
        }

        if (IsEmpty)
        {
            Begin(burn.Seconds.Select(second => second.Second).Append(burn.NowSecond).Min());
        }

        Advance(burn.NowSecond);
        foreach (var (second, tokens) in burn.Seconds)
        {
            Set(second, tokens);
        }
    }

    /// <summary>Tokens since an instant. Of a second that it cuts, the share that comes after it.</summary>
    public double Since(double from) => Total(_last) - TotalAt(from);

    /// <summary>Tokens between two instants.</summary>
    public double Between(double from, double to) => TotalAt(to) - TotalAt(from);

    private void Begin(long second)
    {
        (_first, _last) = (second, second);
        Array.Clear(_totals);
    }

    private void Advance(long second)
    {
        var total = Total(_last);
        if (second - _last >= Capacity)
        {
            Array.Fill(_totals, total);
            _last = second;
        }

        while (_last < second)
        {
            _totals[Slot(++_last)] = total;
        }
    }

    private void Set(long second, long tokens)
    {
        if (second < First)
        {
            return;
        }

        Advance(second);
        var more = tokens - (Total(second) - Total(second - 1));
        for (var later = second; more != 0 && later <= _last; later++)
        {
            _totals[Slot(later)] += more;
        }
    }

    private double TotalAt(double instant)
    {
        var second = (long)Math.Floor(instant);
        var before = Total(second - 1);
        return before + ((instant - second) * (Total(second) - before));
    }

    private long Total(long second) => _totals[Slot(Math.Clamp(second, First - 1, _last))];

    private static int Slot(long second) => (int)(second & (Capacity - 1));
}
