namespace AspireAgent.Agent.Admission.Leases;

/// <summary>How fast an account spends of late: an average that forgets, over the times at which it is measured. For one thread.</summary>
internal sealed class SpendRate(TimeProvider time)
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private BudgetCost _total;
    private long _at = time.GetTimestamp();
    private long _changedAt = time.GetTimestamp();
    private double _tokensPerSecond;
    private double _microUsdPerSecond;

    /// <summary>How long nothing has been spent or given back, as of the last measurement.</summary>
    public TimeSpan Idle => time.GetElapsedTime(_changedAt, _at);

    /// <param name="total">Spent since ever.</param>
    /// <param name="now">When; later than the last time.</param>
    public void Measure(BudgetCost total, long now)
    {
        var seconds = time.GetElapsedTime(_at, now).TotalSeconds;
        if (seconds <= 0)
        {
            return;
        }

        var (spent, kept) = ((total - _total).Over(default), Math.Exp(-seconds / Memory.TotalSeconds));
        _tokensPerSecond = (_tokensPerSecond * kept) + (spent.Tokens / seconds * (1 - kept));
        _microUsdPerSecond = (_microUsdPerSecond * kept) + (spent.MicroUsd / seconds * (1 - kept));
        _changedAt = total == _total ? _changedAt : now;
        (_total, _at) = (total, now);
    }

    /// <summary>What will be spent within a time if it goes on like this.</summary>
    public BudgetCost Within(TimeSpan span) =>
        new((long)(_tokensPerSecond * span.TotalSeconds), (long)(_microUsdPerSecond * span.TotalSeconds));
}
