namespace AspireAgent.Streams;

/// <summary>
/// Lets a share of events through, such as one call in twenty to be hedged: each event earns a part of a credit, each that is let
/// through spends a whole one. Over any run, spent ≤ share × earned + burst. Thread-safe.
/// </summary>
/// <param name="share">From 0 to 1; asked at each event.</param>
/// <param name="burst">Credits that are kept at most: how many may go in a row after a quiet time. Below 1 none goes.</param>
public sealed class ShareLimit(Func<double> share, double burst)
{
    private readonly Lock _gate = new();

    // Decimal, so that ten tenths are one.
    private readonly decimal _most = (decimal)burst;
    private decimal _credits = (decimal)Math.Min(1, burst); // the first event need not wait for nineteen others

    /// <summary>There was one more event.</summary>
    public void Earn()
    {
        var earned = (decimal)share();
        lock (_gate)
        {
            _credits = Math.Min(_most, _credits + earned);
        }
    }

    /// <summary>Whether one more may go; it is counted if so.</summary>
    public bool TrySpend()
    {
        lock (_gate)
        {
            if (_credits < 1)
            {
                return false;
            }

            _credits--;
            return true;
        }
    }
}
