using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;

namespace AspireAgent.Agent.Admission.Leases;

/// <summary>The sync loop's part: one thread at a time.</summary>
internal sealed partial class LeasePool
{
    private static readonly TimeSpan Horizon = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(1);

    // The ledger's window ends a little after what we know of it; and not all pods should ask at the same instant.
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(50);

    private readonly Func<double> _random;
    private readonly SpendRate _rate;
    private readonly List<Lease> _closing = [];
    private BudgetCost _spentBefore;
    private long? _openAt;
    private long? _notBefore;

    public LeaseWaiters Waiters { get; } = new();

    /// <summary>When the ledger heard of its current lease; the lowest number there is: never.</summary>
    public long ToldAt => _current.Told is null ? long.MinValue : _current.ToldAt;

    /// <summary>Ends what is over or idle, serves from what has come back, and says how soon the ledger should hear of this account.</summary>
    /// <param name="now">The timestamp.</param>
    /// <param name="wakeAt">When to look again at the latest; null: any time.</param>
    public SyncNeed Look(long now, out long? wakeAt)
    {
        _rate.Measure(_spentBefore + _current.Spent, now);
        if (_current.IsOver(now))
        {
            var isBusy = !IsVip && _rate.Idle < IdleAfter;
            _openAt = isBusy ? _time.After(_current.Ends, LeastPause + (Jitter * _random())) : null;
            Replace();
        }
        else if (_current.Told is not null && _rate.Idle >= IdleAfter && !Waiters.Any && !_current.IsHeld)
        {
            Close();
        }

        foreach (var over in _closing.FindAll(lease => lease.IsOver(now)))
        {
            Forget(over);
        }

        Waiters.Serve(this);
        wakeAt = _openAt ?? (Waiters.Any ? _notBefore : null) ?? (_current.HasBegun ? _current.Ends : null);
        var isUrgent = (Waiters.Any && (Waiters.AnyUnasked || _notBefore is null || now >= _notBefore)) || now >= _openAt;
        return isUrgent ? SyncNeed.Now : HasNews(now) ? SyncNeed.Soon : SyncNeed.None;
    }

    /// <summary>What the ledger should be told.</summary>
    /// <param name="remainingTokens">What nobody has, by the budget signal; null: not known.</param>
    /// <param name="now">The timestamp.</param>
    public IEnumerable<(Lease Lease, LeaseWant Want)> Wants(long? remainingTokens, long now)
    {
        foreach (var lease in _closing)
        {
            var spent = Wire(lease.Spent);
            yield return Tell(lease, spent, spent, default, close: true, now);
        }

        if (_current.Told is null && !Waiters.Any && _current.Spent == default && !(now >= _openAt))
        {
            yield break;
        }

        var (needed, least) = Waiters.Ask();
        _openAt = null;
        var isHeld = _current.IsHeld; // asked first: who lets go has given back by then
        var left = _current.Left;
        var total = _current.Granted - left;
        _current.ToldSpent = total;
        var want = IsVip ? total : total + LeaseSize.Ahead(left, needed, _rate.Within(Horizon), remainingTokens);
        yield return Tell(_current, Wire(ForGood(total, isHeld)), Wire(want), needed == default ? default : Wire(total + least), close: false, now);
    }

    /// <summary>The ledger has answered.</summary>
    /// <param name="lease">One of this account's.</param>
    /// <param name="grant">What it says.</param>
    /// <param name="sentAt">When it was asked, before the request was sent: the ledger's own end can only be later.</param>
    /// <param name="now">The timestamp.</param>
    public void Hear(Lease lease, LeaseGrant grant, long sentAt, long now)
    {
        var total = new BudgetCost(grant.Tokens, grant.MicroUsd);
        if (!ReferenceEquals(lease, _current))
        {
            lease.GrantLate(total);
            Forget(lease);
            return;
        }

        if (grant.EndsInMilliseconds <= 0)
        {
            Replace(total);
        }
        else
        {
            _metrics.Granted((total - lease.Granted).Tokens);
            lease.Grant(total, _time.After(sentAt, TimeSpan.FromMilliseconds(grant.EndsInMilliseconds)));
        }

        Waiters.Serve(this);
        _notBefore = null;
        if (grant.RetryAfterMilliseconds > 0)
        {
            var wait = TimeSpan.FromMilliseconds(grant.RetryAfterMilliseconds);
            _notBefore = _time.After(now, wait);
            Waiters.RefuseAsked(wait, _notBefore.Value);
        }
    }

    /// <summary>Gives back what is left, as soon as the ledger hears of it.</summary>
    public void Close()
    {
        var closed = Next();
        _spentBefore += closed.Spent;
        if (closed.Told is not null)
        {
            _closing.Add(closed);
        }
        else
        {
            CarryDebt(closed);
        }
    }

    /// <summary>The ledger takes nothing of it: a lease that it calls wrong.</summary>
    public void Drop(Lease lease)
    {
        if (ReferenceEquals(lease, _current))
        {
            _spentBefore += Next().Spent;
        }

        _closing.Remove(lease);
    }

    // It is over: what was left is worth nothing, what was owed is owed by the next one.
    private void Replace(BudgetCost granted = default)
    {
        var over = Next();
        over.GrantLate(granted);
        _spentBefore += over.Spent;
        CarryDebt(over);
    }

    private void Forget(Lease closed)
    {
        _closing.Remove(closed);
        CarryDebt(closed);
    }

    private void CarryDebt(Lease old)
    {
        var debt = old.Spent.Over(old.Granted);
        _spentBefore -= debt;
        Spend(debt);
    }

    // The next one is there before the old one is sealed: who spends always finds one that is not.
    private Lease Next()
    {
        var old = _current;
        Volatile.Write(ref _current, new Lease(SortableId.New(_time)));
        old.Seal();
        return old;
    }

    private bool HasNews(long now) => _closing.Count > 0 || (_current.Told is not null
        ? _current.Spent != _current.ToldSpent || now >= _time.After(_current.ToldAt, TellEvery)
        : _current.Spent != default);

    // To the ledger what is spent is gone. What turns hold may come back: it hears of that only where it is to be granted by force.
    private BudgetCost ForGood(BudgetCost spent, bool isHeld) => isHeld && (IsVip || spent.Over(_current.Granted) == default)
        ? new BudgetCost(_current.Told?.SpentTokens ?? 0, _current.Told?.SpentMicroUsd ?? 0)
        : spent;

    private (Lease Lease, LeaseWant Want) Tell(Lease lease, BudgetCost spent, BudgetCost want, BudgetCost least, bool close, long now)
    {
        lease.Tell(
            new LeaseWant(
                lease.Id, Account.Tenant, Account.Tier, spent.Tokens, want.Tokens, least.Tokens, spent.MicroUsd, want.MicroUsd, least.MicroUsd,
                lease.Granted.Tokens, lease.Granted.MicroUsd, IsVip, close),
            now);
        return (lease, lease.Told!);
    }

    private static BudgetCost Wire(BudgetCost cost) => BudgetCost.Min(cost.Over(default), new BudgetCost(LeaseSize.Most, LeaseSize.Most));
}

/// <summary>How soon the ledger should hear of something.</summary>
internal enum SyncNeed
{
    /// <summary>There is nothing to say.</summary>
    None,

    /// <summary>With what comes in the next quarter of a second.</summary>
    Soon,

    /// <summary>Somebody waits for the answer.</summary>
    Now,
}
