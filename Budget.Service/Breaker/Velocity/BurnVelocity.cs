using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>How fast tokens go, and how fast they usually do; tokens per minute.</summary>
internal static class BurnVelocity
{
    /// <summary>The time before the short window from which the baseline is taken; seconds.</summary>
    public const double BaselineSeconds = 3_600;

    // Less than a second says nothing, whatever the knob says.
    private const double LeastSeconds = 1;

    // An hour of doubles does not always add up to an hour.
    private const double Rounding = 0.001;

    /// <summary>
    /// Velocity over the short window that ends now. What was burnt before <paramref name="since"/> is not in it, as if nothing had
    /// been.
    /// </summary>
    public static double Of(BurnHistory history, double now, BudgetKnobs knobs, double since = 0) =>
        60 * history.Since(Math.Max(now - knobs.VelocityWindowSeconds, since)) / knobs.VelocityWindowSeconds;

    /// <summary>
    /// The average over the hour before the short window, over the time that was observed and is not <paramref name="leftOut"/>; null
    /// while that is less than the knobs want.
    /// </summary>
    /// <param name="history">What was burnt.</param>
    /// <param name="now">The store's time; seconds.</param>
    /// <param name="knobs">The window, and how much history there must be.</param>
    /// <param name="leftOut">Spikes; they do not overlap.</param>
    public static double? Baseline(BurnHistory history, double now, BudgetKnobs knobs, IEnumerable<SecondSpan> leftOut)
    {
        var to = now - knobs.VelocityWindowSeconds;
        var from = Math.Max(history.First, to - BaselineSeconds);
        var (seconds, tokens) = (to - from, history.Between(from, to));
        foreach (var spike in leftOut)
        {
            var (begin, end) = (Math.Max(spike.From, from), Math.Min(spike.To, to));
            if (begin < end)
            {
                seconds -= end - begin;
                tokens -= history.Between(begin, end);
            }
        }

        return seconds + Rounding < Math.Max(LeastSeconds, knobs.BaselineMinimumSeconds) ? null : Math.Max(0, 60 * tokens / seconds);
    }
}
