using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using static AspireAgent.Budget.Tests.LedgerHarness;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>
/// Pods that want, spend, close, repeat, reorder, stall and restart, over a store that is lost now and then, by a seed; and what must
/// hold of the ledger's answers, by plain sums of what it granted, when and to whom.
/// </summary>
internal sealed class RandomSchedule(LedgerHarness ledger, Random random)
{
    private static readonly (string Name, long Tokens, int Seconds, BudgetWindow Window)[] Limits =
    [
        ("system", 1_000, 4, BudgetWindow.Fixed),
        ("tier/standard", 700, 3, BudgetWindow.Sliding),
        ("tenant/t0", 400, 6, BudgetWindow.Fixed),
        ("tenant/t1", 300, 2, BudgetWindow.Sliding),
    ];

    private readonly List<Held> _leases = [];
    private readonly List<LeaseWant> _sent = [];
    private readonly List<Grant> _grants = [];
    private int _ids;

    /// <summary>Whether a limit was ever reached.</summary>
    public bool WasShort { get; private set; }

    public async Task RunAsync(int steps)
    {
        foreach (var (name, tokens, seconds, window) in Limits)
        {
            await ledger.LimitAsync(name, tokens, seconds: seconds, window: window);
        }

        for (var step = 0; step < steps; step++)
        {
            switch (random.Next(100))
            {
                case < 25:
                    ledger.Now += random.Next(400);
                    break;
                case < 50:
                    await OpenAsync();
                    break;
                case < 70:
                    await ChangeAsync();
                    break;
                case < 82:
                    await CloseAsync();
                    break;
                case < 97:
                    await RepeatAsync();
                    break;
                default:
                    await LoseAsync();
                    break;
            }

            await CheckAsync(step);
        }
    }

    private Task OpenAsync()
    {
        var lease = new Held(
            $"{_ids++}", $"t{random.Next(3)}", random.Next(3) == 0 ? "vip" : "standard") { Wanted = random.Next(1, 400) };
        _leases.Add(lease);
        return TellAsync(lease, random.Next(4) == 0 ? lease.Wanted / 2 : 0);
    }

    private async Task ChangeAsync()
    {
        if (Any() is not { } lease)
        {
            return;
        }

        // Sometimes more than it has: an answer was longer than thought.
        lease.Spent = Math.Max(lease.Spent, random.Next(6) == 0 ? lease.Tokens + random.Next(30) : random.NextInt64(lease.Spent, Math.Max(lease.Spent, lease.Tokens) + 1));
        lease.Wanted += random.Next(3) == 0 ? random.Next(200) : 0;
        await TellAsync(lease, 0);
    }

    private async Task CloseAsync()
    {
        if (Any() is not { } lease)
        {
            return;
        }

        _leases.Remove(lease);
        await SendAsync(lease, lease.Want(0) with { Close = true });
    }

    // Anything that was ever said, again: nothing changes but what a loss had taken.
    private async Task RepeatAsync()
    {
        if (_sent.Count == 0)
        {
            return;
        }

        var want = _sent[random.Next(Math.Max(0, _sent.Count - 20), _sent.Count)];
        var before = await AmountsAsync();
        var known = await ledger.Store.Database.KeyExistsAsync(ledger.Keys.Lease(want.Id));
        var owner = _leases.Find(lease => lease.Id == want.Id);
        var grant = await ledger.LeaseAsync(want with { WantTokens = 0 });
        Assert.True(known, "a lease that was told is known");
        Assert.Equal(before, await AmountsAsync());
        Assert.True(owner is null || grant.EndsInMilliseconds == 0 || grant.Tokens == owner.Tokens, "a repeat has the same answer");
    }

    // The store forgets all; the pods tell what they hold in the time that there is for it.
    private async Task LoseAsync()
    {
        await ledger.Limits.ReadAsync();
        var before = await AmountsAsync();
        await ledger.LoseAllAsync();
        _sent.Clear();
        foreach (var lease in _leases.ToList())
        {
            await SendAsync(lease, lease.Want(0), isTold: true);
        }

        // What closed leases had spent is gone; what was alive is there, and told twice it is there once.
        var told = await AmountsAsync();
        foreach (var lease in _leases.ToList())
        {
            await SendAsync(lease, lease.Want(0), isTold: true);
        }

        Assert.Equal(told, await AmountsAsync());
        Assert.Equal(_leases.Sum(lease => lease.Tokens), told["system"]);
        Assert.True(before.Count == told.Count, "every limit is back");
        _grants.Clear();
        ledger.Now += LedgerLua.SettlingMilliseconds;
    }

    private Task TellAsync(Held lease, long least) => SendAsync(lease, lease.Want(least));

    private async Task SendAsync(Held lease, LeaseWant want, bool isTold = false)
    {
        var grant = await ledger.LeaseAsync(want);
        _sent.Add(want);
        var debt = Math.Max(lease.Tokens, want.SpentTokens);
        if (want.Close)
        {
            Assert.Equal((want.SpentTokens, 0L), (grant.Tokens, grant.EndsInMilliseconds));
            var back = debt - want.SpentTokens;
            foreach (var given in _grants.Where(given => given.Lease == lease.Id))
            {
                (given.Tokens, back) = (Math.Max(0, given.Tokens - back), Math.Max(0, back - given.Tokens));
            }

            return;
        }

        if (grant.EndsInMilliseconds == 0)
        {
            Assert.Equal(debt, grant.Tokens);
            _leases.Remove(lease);
            return;
        }

        Assert.InRange(grant.Tokens, debt, Math.Max(debt, want.WantTokens));
        Assert.True(grant.Tokens == debt || grant.Tokens >= Math.Min(want.LeastTokens, want.WantTokens), "all or nothing below the least");
        Assert.Equal(grant.Tokens < want.WantTokens, grant.RetryAfterMilliseconds > 0);
        WasShort |= grant.Tokens < want.WantTokens;
        if (want.Overdraw)
        {
            Assert.Equal(Math.Max(debt, want.WantTokens), grant.Tokens);
        }
        else if (grant.Tokens > debt && !isTold)
        {
            _grants.Add(new Grant(lease.Id, lease.Tenant, lease.Tier, ledger.Now) { Tokens = grant.Tokens - debt });
        }

        lease.Tokens = grant.Tokens;
    }

    private async Task CheckAsync(int step)
    {
        foreach (var (name, tokens, seconds, window) in Limits)
        {
            var length = seconds * 1_000L;
            var ofNode = _grants.Where(grant => name is "system" || name == $"tier/{grant.Tier}" || name == $"tenant/{grant.Tenant}");
            var sum = window is BudgetWindow.Fixed
                ? ofNode.Where(grant => grant.At / length == ledger.Now / length).Sum(grant => grant.Tokens)
                : ofNode.Where(grant => grant.At > ledger.Now - length).Sum(grant => grant.Tokens);
            Assert.True(sum <= tokens, $"step {step}: {name} granted {sum} of {tokens}");
            Assert.True((await ledger.StandAsync(name))!.GrantedTokens >= sum, $"step {step}: {name} knows less than the {sum} that were granted");
        }
    }

    private async Task<SortedDictionary<string, long>> AmountsAsync()
    {
        var amounts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var node in await ledger.Limits.NodesAsync())
        {
            amounts[node.Name] = node.GrantedTokens;
        }

        return amounts;
    }

    private Held? Any() => _leases.Count == 0 ? null : _leases[random.Next(_leases.Count)];

    private sealed class Held(string id, string tenant, string tier)
    {
        public string Id => id;

        public string Tenant => tenant;

        public string Tier => tier;

        public long Wanted { get; set; }

        public long Spent { get; set; }

        public long Tokens { get; set; }

        public LeaseWant Want(long least) => LedgerHarness.Want(id, Wanted, Spent, least, Tokens, tier == "vip") with { Tenant = tenant, Tier = tier };
    }

    private sealed class Grant(string lease, string tenant, string tier, long at)
    {
        public string Lease => lease;

        public string Tenant => tenant;

        public string Tier => tier;

        public long At => at;

        public long Tokens { get; set; }
    }
}
