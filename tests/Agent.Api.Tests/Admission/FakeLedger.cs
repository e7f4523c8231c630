using AspireAgent.Contracts.Budget;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Admission;

/// <summary>What the budget service does, small: one limit of tokens in fixed windows, on a clock that only the test moves.</summary>
internal sealed class FakeLedger(FakeTimeProvider time, long limit = 10_000, int windowSeconds = 60)
{
    private readonly Dictionary<string, Record> _leases = [];
    private readonly Dictionary<long, long> _granted = [];
    private readonly HashSet<string> _uses = [];

    public List<BudgetSync> Heard { get; } = [];

    public long Limit { get; set; } = limit;

    public IReadOnlyCollection<string> Uses => _uses;

    /// <summary>Granted in the window of now, or in one so many windows ago.</summary>
    public long Granted(int ago = 0) => _granted.GetValueOrDefault(Window - ago);

    public LeaseWant Last => Heard[^1].Leases[^1];

    private long Window => time.GetUtcNow().ToUnixTimeMilliseconds() / (windowSeconds * 1_000);

    private long UntilNext => ((Window + 1) * windowSeconds * 1_000) - time.GetUtcNow().ToUnixTimeMilliseconds();

    public BudgetSyncReply Sync(BudgetSync sync)
    {
        Heard.Add(sync);
        _uses.UnionWith(sync.Uses.Select(use => use.Id));
        return new BudgetSyncReply([.. sync.Leases.Select(Grant)]);
    }

    private LeaseGrant Grant(LeaseWant want)
    {
        if (!_leases.TryGetValue(want.Id, out var lease))
        {
            _leases[want.Id] = lease = new Record { Window = Window };
        }

        lease.Spent = Math.Max(lease.Spent, want.SpentTokens); // as the ledger: what is spent once is not taken back
        if (lease.IsClosed || lease.Window != Window)
        {
            return new LeaseGrant(want.Id, lease.Granted, 0, 0);
        }

        if (want.Close)
        {
            Give(lease, lease.Spent - lease.Granted);
            lease.IsClosed = true;
            return new LeaseGrant(want.Id, lease.Granted, 0, 0);
        }

        Give(lease, Math.Max(0, lease.Spent - lease.Granted));
        var more = Math.Clamp(want.WantTokens - lease.Granted, 0, want.Overdraw ? long.MaxValue : Math.Max(0, Limit - Granted()));
        Give(lease, lease.Granted + more < want.LeastTokens ? 0 : more);
        return new LeaseGrant(want.Id, lease.Granted, want.WantMicroUsd, UntilNext, lease.Granted < want.WantTokens ? UntilNext : 0);
    }

    private void Give(Record lease, long tokens)
    {
        lease.Granted += tokens;
        _granted[lease.Window] = _granted.GetValueOrDefault(lease.Window) + tokens;
    }

    private sealed class Record
    {
        public long Window { get; init; }

        public long Granted { get; set; }

        public long Spent { get; set; }

        public bool IsClosed { get; set; }
    }
}
