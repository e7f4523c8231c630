using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Admission.Leases;

/// <summary>
/// Decides from leases in hand whether a turn may begin. On that path there is no network, no lock and nothing allocated; only who finds
/// too little waits for the sync loop's next answer. Accounts are remembered while the process lives: a few hundred bytes each.
/// </summary>
internal sealed class BudgetLeases : ITurnBudget
{
    private readonly ConcurrentDictionary<Key, LeasePool> _pools = new();
    private readonly Func<Key, LeasePool> _create;
    private readonly VipAllowance _allowance;
    private readonly SyncBell _bell;
    private readonly TimeProvider _time;
    private readonly Func<double> _random;
    private readonly AdmissionMetrics _metrics;
    private readonly TimeSpan _patience;
    private volatile bool _isDown;
    private volatile bool _isClosed;

    public BudgetLeases(
        VipAllowance allowance, SyncBell bell, IOptions<AdmissionOptions> options, TimeProvider time, Func<double> random, AdmissionMetrics metrics)
    {
        (_allowance, _bell, _time, _random, _metrics, _patience) = (allowance, bell, time, random, metrics, options.Value.Patience);
        _create = key => new LeasePool(key.Account, key.IsVip, time, random, metrics);
        metrics.Held = () => _pools.Values.Sum(pool => pool.Left.Tokens);
    }

    /// <summary>Whether the budget service could not be reached when it was last tried.</summary>
    public bool IsDown => _isDown;

    /// <summary>All accounts.</summary>
    public IEnumerable<LeasePool> Pools => _pools.Values;

    /// <summary>Admits at once what the lease in hand has; else asks the ledger, with a limit. A VIP's cost counts and never waits.</summary>
    /// <param name="account">Whose budget; a tenant and a tier of at most 64 characters.</param>
    /// <param name="cost">What the turn may cost; not negative.</param>
    /// <param name="isVip">Whether limits do not bind it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<BudgetDecision> AdmitAsync(BudgetAccount account, in BudgetCost cost, bool isVip, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(cost.MicroUsd);
        var pool = _pools.GetOrAdd(new Key(account, isVip), _create);
        if (pool.TryTake(cost, out var lease))
        {
            return new(Admitted(pool, lease, cost));
        }

        if (isVip)
        {
            return new(_isDown && !_allowance.TryTake(cost.Tokens) ? Refused(pool) : Admitted(pool, pool.Spend(cost), cost));
        }

        return _isDown || _isClosed ? new(Refused(pool)) : WaitAsync(pool, cost, cancellationToken);
    }

    /// <inheritdoc />
    public Reservation Resume(BudgetAccount account, in BudgetCost cost, bool isVip)
    {
        var pool = _pools.GetOrAdd(new Key(account, isVip), _create);
        return Reservation.Of(pool, pool.TakeMore(cost), cost);
    }

    /// <summary>The service has answered: who finds no lease waits for its next answer.</summary>
    public void Up() => _isDown = false;

    /// <summary>The service cannot be reached: nobody waits for it until it can.</summary>
    public void Down()
    {
        _isDown = true;
        RefuseWaiting();
    }

    /// <summary>Gives back all that is left, as soon as the ledger hears of it; only VIPs are admitted from here on.</summary>
    public void Close()
    {
        _isClosed = true;
        RefuseWaiting();
        foreach (var pool in Pools)
        {
            pool.Close();
        }
    }

    private void RefuseWaiting()
    {
        foreach (var pool in Pools)
        {
            pool.Waiters.RefuseAll(Soon());
        }
    }

    private async ValueTask<BudgetDecision> WaitAsync(LeasePool pool, BudgetCost cost, CancellationToken cancellationToken)
    {
        var waiter = new LeaseWaiter(cost, _time.After(_time.GetTimestamp(), _patience));
        pool.Waiters.Add(waiter);
        if (_isDown || _isClosed)
        {
            pool.Waiters.RefuseAll(Soon()); // since just now: the loop may not have seen us
        }

        _bell.Ring();
        await ((Task)waiter.Task).WaitAsync(_patience, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (waiter.TrySetResult(BudgetDecision.Refused(Soon())))
        {
            pool.Waiters.Remove(waiter);
        }

        var decision = await waiter.Task;
        if (cancellationToken.IsCancellationRequested)
        {
            decision.Reservation.Settle(default);
            cancellationToken.ThrowIfCancellationRequested();
        }

        _metrics.Decided(decision.IsAdmitted ? AdmissionOutcome.Admitted : AdmissionOutcome.Refused, pool.Account.Tier);
        return decision;
    }

    private BudgetDecision Admitted(LeasePool pool, Lease lease, in BudgetCost cost)
    {
        _metrics.Decided(pool.IsVip ? AdmissionOutcome.Vip : AdmissionOutcome.Admitted, pool.Account.Tier);
        return BudgetDecision.Admitted(Reservation.Of(pool, lease, cost));
    }

    private BudgetDecision Refused(LeasePool pool)
    {
        _metrics.Decided(AdmissionOutcome.Refused, pool.Account.Tier);
        return BudgetDecision.Refused(Soon());
    }

    // Not everybody at the same instant.
    private TimeSpan Soon() => TimeSpan.FromSeconds(1 + _random());

    private readonly record struct Key(BudgetAccount Account, bool IsVip);
}
