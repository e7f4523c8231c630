using System.Diagnostics.CodeAnalysis;
using AspireAgent.Contracts;

namespace AspireAgent.Agent.Admission.Leases;

/// <summary>
/// One account's budget as this pod has it: always one lease, granted or still to be asked for. What is in this file anybody may call, at
/// any time: it neither locks nor allocates nor asks anybody. The other part is the sync loop's.
/// </summary>
internal sealed partial class LeasePool
{
    private readonly TimeProvider _time;
    private readonly AdmissionMetrics _metrics;
    private Lease _current;

    /// <param name="account">Whose.</param>
    /// <param name="isVip">Whether its takers pass whatever the limits say.</param>
    /// <param name="time">Its timestamps alone are used: pods' wall clocks differ.</param>
    /// <param name="random">From 0 to 1, for jitter.</param>
    /// <param name="metrics">Counts what is owed and granted.</param>
    public LeasePool(BudgetAccount account, bool isVip, TimeProvider time, Func<double> random, AdmissionMetrics metrics)
    {
        (Account, IsVip, _time, _random, _metrics) = (account, isVip, time, random, metrics);
        _current = new Lease(SortableId.New(time));
        _rate = new SpendRate(time);
    }

    public BudgetAccount Account { get; }

    public bool IsVip { get; }

    /// <summary>In hand and not spent; nothing while there is no lease.</summary>
    public BudgetCost Left => Volatile.Read(ref _current) is { HasBegun: true } lease ? BudgetCost.Max(lease.Left, default) : default;

    /// <summary>Takes all of it or nothing; nothing when the lease is over.</summary>
    public bool TryTake(in BudgetCost cost, [NotNullWhen(true)] out Lease? lease)
    {
        lease = Volatile.Read(ref _current);
        return lease.TryTake(cost, _time.GetTimestamp());
    }

    /// <summary>Takes it whatever there is, even below zero: the ledger hears of it as spent.</summary>
    /// <returns>The lease that it was taken from.</returns>
    public Lease Spend(in BudgetCost cost)
    {
        var rest = cost;
        while (true)
        {
            // A sealed lease is no longer the current one: the next lap finds another.
            var lease = Volatile.Read(ref _current);
            rest = lease.Spend(rest);
            if (rest == default)
            {
                return lease;
            }
        }
    }

    /// <summary>More than was reserved: taken if there is as much, else owed.</summary>
    public Lease TakeMore(in BudgetCost cost)
    {
        if (IsVip)
        {
            return Spend(cost);
        }

        return TryTake(cost, out var lease) ? lease : Owe(cost);
    }

    /// <summary>Takes what has been used beyond everything granted.</summary>
    public Lease Owe(in BudgetCost cost)
    {
        _metrics.Owed(cost.Tokens);
        return Spend(cost);
    }

    /// <summary>Less was used than reserved: back into the same lease, while it lasts.</summary>
    public void Return(Lease lease, in BudgetCost cost) => lease.Return(cost, _time.GetTimestamp());
}
