using AspireAgent.Budget.Limits;
using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>The ledger's keys. All of them bear one tag, so they are of one slot and a script may touch several.</summary>
/// <param name="Tag">Tests give each ledger one of its own.</param>
internal sealed record BudgetKeys(string Tag = "budget")
{
    /// <summary>Hash: the newest instant seen, the serial number of the newest call, when a loss of data is settled, the status' revision.</summary>
    public RedisKey Clock => Of("clock");

    /// <summary>Hash: by budget its limit, as <see cref="LimitEntry"/> writes it.</summary>
    public RedisKey Limits => Of("limits");

    /// <summary>List: what operators and the breaker did, the newest last.</summary>
    public RedisKey Audit => Of("audit");

    /// <summary>Hash: tokens produced, by second.</summary>
    public RedisKey Burn => Of("burn");

    /// <summary>Hash: the buckets of a budget's window.</summary>
    public RedisKey Node(string name) => Of($"node:{name}");

    /// <summary>The buckets of an account's chain, as <see cref="LedgerLua.Chain"/> wants them.</summary>
    public RedisKey[] Chain(string tier, string tenant) =>
        [Node(BudgetNames.System), Node(BudgetNames.Tier(tier)), Node(BudgetNames.Tenant(tenant))];

    /// <summary>Hash: what a lease has been granted.</summary>
    public RedisKey Lease(string id) => Of($"lease:{id}");

    /// <summary>String: this use is booked.</summary>
    public RedisKey Use(string id) => Of($"use:{id}");

    /// <summary>Hash: what an owner has produced, and when it said so.</summary>
    public RedisKey Produced(string owner) => Of($"produced:{owner}");

    /// <summary>Hash: what was used in an hour.</summary>
    public RedisKey Usage(DateTimeOffset hour) => Of($"usage:{hour.UtcDateTime:yyyy-MM-dd'T'HH}");

    private RedisKey Of(string name) => $"budget:{{{Tag}}}:{name}";
}
