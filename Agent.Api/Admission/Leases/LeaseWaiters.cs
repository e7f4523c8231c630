namespace AspireAgent.Agent.Admission.Leases;

/// <summary>Those who wait for one account's next lease, first come first served.</summary>
internal sealed class LeaseWaiters
{
    private readonly Lock _lock = new();
    private readonly List<LeaseWaiter> _waiters = [];
    private volatile int _count;

    public bool Any => _count > 0;

    /// <summary>Whether one waits of whom the ledger has not heard.</summary>
    public bool AnyUnasked
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Exists(waiter => waiter is { IsWaiting: true, IsAsked: false });
            }
        }
    }

    public void Add(LeaseWaiter waiter)
    {
        lock (_lock)
        {
            _waiters.Add(waiter);
            _count = _waiters.Count;
        }
    }

    public void Remove(LeaseWaiter waiter)
    {
        lock (_lock)
        {
            _waiters.Remove(waiter);
            _count = _waiters.Count;
        }
    }

    /// <summary>What they need altogether, and the least that helps one of them; from now on they count as asked for.</summary>
    public (BudgetCost All, BudgetCost Least) Ask()
    {
        lock (_lock)
        {
            var (all, least) = (default(BudgetCost), default(LeaseWaiter));
            foreach (var waiter in _waiters.Where(waiter => waiter.IsWaiting))
            {
                waiter.IsAsked = true;
                all += waiter.Cost;
                least = least is null || waiter.Cost.Tokens < least.Cost.Tokens ? waiter : least;
            }

            return (all, least?.Cost ?? default);
        }
    }

    /// <summary>Admits whom there is enough for: a large one does not stand in the way of a small one.</summary>
    public void Serve(LeasePool pool)
    {
        if (!Any)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var waiter in _waiters)
            {
                if (waiter.IsWaiting && pool.TryTake(waiter.Cost, out var lease))
                {
                    var reservation = Reservation.Of(pool, lease, waiter.Cost);
                    if (!waiter.TrySetResult(BudgetDecision.Admitted(reservation)))
                    {
                        reservation.Settle(default); // gave up in this instant
                    }
                }
            }

            Forget();
        }
    }

    /// <summary>Refuses those who were asked for in vain and cannot wait until <paramref name="again"/>, a timestamp.</summary>
    public void RefuseAsked(TimeSpan retryAfter, long again) => Refuse(waiter => waiter.IsAsked && waiter.Until < again, retryAfter);

    public void RefuseAll(TimeSpan retryAfter) => Refuse(static _ => true, retryAfter);

    private void Refuse(Predicate<LeaseWaiter> whom, TimeSpan retryAfter)
    {
        if (!Any)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var waiter in _waiters.FindAll(whom))
            {
                waiter.TrySetResult(BudgetDecision.Refused(retryAfter));
            }

            Forget();
        }
    }

    private void Forget()
    {
        _waiters.RemoveAll(static waiter => !waiter.IsWaiting);
        _count = _waiters.Count;
    }
}

/// <summary>Somebody who waits for what the ledger will say.</summary>
/// <param name="cost">What it needs.</param>
/// <param name="until">When it gives up, as a timestamp.</param>
internal sealed class LeaseWaiter(BudgetCost cost, long until) : TaskCompletionSource<BudgetDecision>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public BudgetCost Cost => cost;

    public long Until => until;

    /// <summary>Whether a request to the ledger speaks of it.</summary>
    public bool IsAsked { get; set; }

    public bool IsWaiting => !Task.IsCompleted;
}
