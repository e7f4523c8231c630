using AspireAgent.Contracts.Budget;

namespace AspireAgent.Agent.Admission.Leases;

/// <summary>
/// One lease, from before the ledger has heard of it until it is sealed. Anybody takes, spends and returns, without a lock; granting, sealing
/// and telling are the sync loop's. What is taken counts as spent, whatever becomes of it.
/// </summary>
internal sealed class Lease(string id)
{
    private const long Sealed = long.MinValue;
    private const long NotBegun = long.MinValue;

    private long _tokens;
    private long _microUsd;
    private long _ends = NotBegun;
    private BudgetCost _lastLeft;
    private int _held;

    public string Id => id;

    /// <summary>In total, as far as this pod knows.</summary>
    public BudgetCost Granted { get; private set; }

    /// <summary>What the ledger was told last; null: nothing yet.</summary>
    public LeaseWant? Told { get; private set; }

    /// <summary>What was spent of it then, with what turns held; set by the sync loop.</summary>
    public BudgetCost ToldSpent { get; set; }

    /// <summary>When it was told.</summary>
    public long ToldAt { get; private set; }

    /// <summary>Granted and not spent; negative where more is spent than granted.</summary>
    public BudgetCost Left =>
        Volatile.Read(ref _tokens) is var tokens and not Sealed && Volatile.Read(ref _microUsd) is var microUsd and not Sealed
            ? new BudgetCost(tokens, microUsd)
            : _lastLeft;

    public BudgetCost Spent => Granted - Left;

    /// <summary>Whether the ledger has granted it an end.</summary>
    public bool HasBegun => Volatile.Read(ref _ends) != NotBegun;

    /// <summary>When it is over, as a timestamp; only if it has begun.</summary>
    public long Ends => Volatile.Read(ref _ends);

    public bool IsOver(long now) => Volatile.Read(ref _ends) is var ends && ends != NotBegun && now >= ends;

    /// <summary>Whether turns hold some of it: what they do not use comes back to it.</summary>
    public bool IsHeld => Volatile.Read(ref _held) > 0;

    /// <summary>A turn holds some of it.</summary>
    public void Hold() => Interlocked.Increment(ref _held);

    /// <summary>That turn is over.</summary>
    public void LetGo() => Interlocked.Decrement(ref _held);

    /// <summary>Takes all of it or nothing.</summary>
    public bool TryTake(in BudgetCost cost, long now)
    {
        if (now >= Volatile.Read(ref _ends) || !TryTake(ref _tokens, cost.Tokens))
        {
            return false;
        }

        if (TryTake(ref _microUsd, cost.MicroUsd))
        {
            return true;
        }

        Add(ref _tokens, cost.Tokens); // sealed in between: the ledger counts it as spent
        return false;
    }

    /// <summary>Takes it even below zero.</summary>
    /// <returns>What could not be booked since the lease is sealed.</returns>
    public BudgetCost Spend(in BudgetCost cost) => new(
        Add(ref _tokens, -cost.Tokens) ? 0 : cost.Tokens,
        Add(ref _microUsd, -cost.MicroUsd) ? 0 : cost.MicroUsd);

    /// <summary>Gives back what was taken from it; once it is over or sealed that is worth nothing.</summary>
    public void Return(in BudgetCost cost, long now)
    {
        if (!IsOver(now))
        {
            Add(ref _tokens, cost.Tokens);
            Add(ref _microUsd, cost.MicroUsd);
        }
    }

    /// <summary>The ledger's answer: totals, so that one heard twice changes nothing.</summary>
    public void Grant(BudgetCost total, long ends)
    {
        var more = total - Granted;
        Granted = total;
        Add(ref _tokens, more.Tokens);
        Add(ref _microUsd, more.MicroUsd);
        Volatile.Write(ref _ends, ends);
    }

    /// <summary>Ends it here: nothing is taken, spent or returned any more, and <see cref="Left"/> stands.</summary>
    public void Seal() => _lastLeft = new BudgetCost(Interlocked.Exchange(ref _tokens, Sealed), Interlocked.Exchange(ref _microUsd, Sealed));

    /// <summary>A sealed lease was granted more than was known.</summary>
    public void GrantLate(BudgetCost total)
    {
        var known = BudgetCost.Max(total, Granted);
        _lastLeft += known - Granted;
        Granted = known;
    }

    public void Tell(LeaseWant want, long now) => (Told, ToldAt) = (want, now);

    // Interlocked.Add and a look at the result would do with one operation too, but a failed take would show others less than there is.
    private static bool TryTake(ref long left, long amount)
    {
        if (amount == 0)
        {
            return true;
        }

        var seen = Volatile.Read(ref left);
        while (seen >= amount)
        {
            var before = Interlocked.CompareExchange(ref left, seen - amount, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    private static bool Add(ref long left, long amount)
    {
        if (amount == 0)
        {
            return true;
        }

        var seen = Volatile.Read(ref left);
        while (seen != Sealed)
        {
            var before = Interlocked.CompareExchange(ref left, seen + amount, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }
}
