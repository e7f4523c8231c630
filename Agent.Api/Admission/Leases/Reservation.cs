using Microsoft.Extensions.ObjectPool;

namespace AspireAgent.Agent.Admission.Leases;

/// <summary>
/// What a turn has taken of its account's budget until it is known what it really used. Copies are the same reservation; it may be
/// used from any thread. Its state is pooled, so that a decision allocates nothing: one that is never settled is merely collected, and
/// counts in full.
/// </summary>
internal readonly struct Reservation
{
    private const int MostPooled = 4_096;

    private static readonly ObjectPool<State> States = new DefaultObjectPool<State>(new DefaultPooledObjectPolicy<State>(), MostPooled);

    private readonly State? _state;
    private readonly int _version;

    private Reservation(State state) => (_state, _version) = (state, state.Version);

    /// <summary>Of what was just taken from a lease.</summary>
    public static Reservation Of(LeasePool pool, Lease lease, in BudgetCost cost)
    {
        var state = States.Get();
        (state.Pool, state.Lease, state.OfLease, state.Total) = (pool, lease, cost, cost);
        lease.Hold();
        return new Reservation(state);
    }

    /// <summary>Takes more in mid-stream; never refused: what is needed and the lease does not have is owed.</summary>
    /// <param name="ahead">What will do for a while, taken only if it is there.</param>
    /// <param name="needed">What has gone already.</param>
    /// <returns>What was taken: nothing once settled.</returns>
    public BudgetCost Extend(in BudgetCost ahead, in BudgetCost needed)
    {
        if (_state is not { } state)
        {
            return default;
        }

        lock (state)
        {
            if (state.Version != _version)
            {
                return default;
            }

            var pool = state.Pool!;
            var more = ahead;
            if (!pool.TryTake(ahead, out var lease))
            {
                (more, lease) = (needed, pool.TakeMore(needed));
            }

            if (ReferenceEquals(lease, state.Lease))
            {
                state.OfLease += more;
            }
            else
            {
                lease.Hold();
                state.Lease!.LetGo();
                state.OfLease = more;
            }

            (state.Lease, state.Total) = (lease, state.Total + more);
            return more;
        }
    }

    /// <summary>Charges what was really used and gives back, or takes, the difference. The first time counts.</summary>
    public void Settle(in BudgetCost actual)
    {
        if (_state is not { } state)
        {
            return;
        }

        lock (state)
        {
            if (state.Version != _version)
            {
                return;
            }

            var pool = state.Pool!;
            pool.Return(state.Lease!, BudgetCost.Min(state.Total.Over(actual), state.OfLease));
            state.Lease!.LetGo();
            if (actual.Over(state.Total) is var more && more != default)
            {
                pool.TakeMore(more);
            }

            state.Version++;
            (state.Pool, state.Lease) = (null, null);
        }

        States.Return(state);
    }

    private sealed class State
    {
        public int Version { get; set; }

        public LeasePool? Pool { get; set; }

        /// <summary>The one that it took from last.</summary>
        public Lease? Lease { get; set; }

        /// <summary>What it took from that one: more cannot go back there.</summary>
        public BudgetCost OfLease { get; set; }

        public BudgetCost Total { get; set; }
    }
}
