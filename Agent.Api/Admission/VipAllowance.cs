using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Admission;

/// <summary>What VIPs may have of this pod in a minute while the ledger cannot be asked.</summary>
internal sealed class VipAllowance : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly IDisposable _subscription;
    private long _perMinute = new BudgetKnobs().VipTokensOffline;
    private long _began;
    private long _taken;

    /// <param name="live">The live configuration as the global layer has it. Replays.</param>
    /// <param name="time">The clock.</param>
    public VipAllowance(IObservable<LiveKnobs> live, TimeProvider time)
    {
        (_time, _began) = (time, time.GetTimestamp());
        _subscription = live.Subscribe(
            knobs => Volatile.Write(ref _perMinute, knobs.Budget.VipTokensOffline),
            static _ => { }); // the last value stands
    }

    public bool TryTake(long tokens)
    {
        lock (_lock)
        {
            if (_time.GetElapsedTime(_began) >= Window)
            {
                (_began, _taken) = (_time.GetTimestamp(), 0);
            }

            if (_taken + tokens > Volatile.Read(ref _perMinute))
            {
                return false;
            }

            _taken += tokens;
            return true;
        }
    }

    public void Dispose() => _subscription.Dispose();
}
