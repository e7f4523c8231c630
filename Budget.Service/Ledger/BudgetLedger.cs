using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Limits;
using AspireAgent.Budget.Usage;
using AspireAgent.Contracts.Budget;
using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>
/// The ledger: leases of the pods against the budgets of their accounts, what turns have used, and how fast tokens are produced. All
/// of it may be told again and in another order, with the same result.
/// </summary>
internal sealed class BudgetLedger(LedgerStore store, LimitStore limits, UsageBook usage) : IBurnSource
{
    /// <summary>How long burn is kept: what the breaker's baseline is made of, and its short window before.</summary>
    public static readonly TimeSpan BurnKept = TimeSpan.FromMinutes(65);

    private static readonly TimeSpan OwnerKnown = TimeSpan.FromDays(1);

    /// <summary>Takes what a pod tells and grants what it wants.</summary>
    public async Task<BudgetSyncReply> SyncAsync(BudgetSync sync, CancellationToken cancellationToken)
    {
        // Sent at once, and done by the store in this order.
        var produced = store.RunAsync(
            LedgerScripts.Produced, [store.Keys.Burn, store.Keys.Produced(sync.Owner)],
            sync.ProducedTokens, (long)BurnKept.TotalSeconds, (long)OwnerKnown.TotalSeconds);
        var grants = Task.WhenAll(sync.Leases.Select(want => LeaseAsync(want, cancellationToken)));
        var uses = BookAsync(sync.Uses, produced, cancellationToken);
        await Task.WhenAll(produced, grants, uses);
        return new BudgetSyncReply(await grants);
    }

    /// <inheritdoc />
    public async Task<BurnSeconds> ReadBurnAsync(long sinceSecond, CancellationToken cancellationToken)
    {
        var reply = await store.RunAsync(LedgerScripts.Burn, [store.Keys.Burn], sinceSecond).WaitAsync(cancellationToken);
        return new BurnSeconds(
            reply.Now.ToUnixTimeSeconds(), [.. reply.Values.Chunk(2).Select(pair => (Second: pair[0], Tokens: pair[1])).OrderBy(pair => pair.Second)]);
    }

    private async Task<LeaseGrant> LeaseAsync(LeaseWant want, CancellationToken cancellationToken)
    {
        RedisKey[] keys = [store.Keys.Limits, store.Keys.Lease(want.Id), .. store.Keys.Chain(want.Tier, want.Tenant)];
        RedisValue[] values =
        [
            BudgetNames.Tier(want.Tier), BudgetNames.Tenant(want.Tenant),
            want.SpentTokens, want.SpentMicroUsd, want.HeldTokens, want.HeldMicroUsd, want.WantTokens, want.WantMicroUsd,
            want.LeastTokens, want.LeastMicroUsd, want.Overdraw ? "1" : "", want.Close ? "1" : "",
        ];
        var reply = await limits.BookAsync(() => store.RunAsync(LedgerScripts.Lease, keys, values), cancellationToken);
        return new LeaseGrant(want.Id, reply.Values[0], reply.Values[1], reply.Values[2], reply.Values[3]);
    }

    // An hour's key must be said before the script runs: it is that of a moment ago.
    private async Task BookAsync(IReadOnlyList<BudgetUse> uses, Task<LedgerReply> produced, CancellationToken cancellationToken)
    {
        if (uses.Count > 0)
        {
            var now = (await produced).Now;
            await Task.WhenAll(uses.Select(use => limits.BookAsync(() => usage.BookAsync(use, now), cancellationToken)));
        }
    }
}
