using System.Globalization;
using System.Text.Json;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using StackExchange.Redis;

namespace AspireAgent.Budget.Breaker;

/// <summary>The breaker in Redis: one for all instances, replaced only by whoever saw the one before, together with its audit.</summary>
internal sealed class BreakerStore(IConnectionMultiplexer redis)
{
    private const int AuditKept = 1_000;

    private static readonly RedisKey Breaker = "budget:{budget}:breaker";
    private static readonly RedisKey Audit = "budget:{budget}:audit";

    private static readonly LuaScript Replace = LuaScript.Prepare("""
        -- Compare and set: the caller names the revision that it changes; 0 is the empty store. The audit is the ledger's: newest last.
        if (redis.call('HGET', @breaker, 'revision') or '0') ~= @expected then return 0 end
        redis.call('HSET', @breaker, 'revision', @revision, 'value', @value)
        if @record ~= '' then
          redis.call('RPUSH', @audit, @record)
          redis.call('LTRIM', @audit, -tonumber(@kept), -1)
        end
        return 1
        """);

    /// <summary>The breaker as it stands.</summary>
    /// <exception cref="JsonException">It is not readable.</exception>
    public async Task<BreakerRecord> ReadAsync()
    {
        var value = await redis.GetDatabase().HashGetAsync(Breaker, "value");
        return value.IsNull ? BreakerRecord.Initial
            : JsonSerializer.Deserialize(value.ToString(), BreakerJson.Default.BreakerRecord) ?? throw new JsonException("A breaker is an object.");
    }

    /// <summary>
    /// Puts <paramref name="next"/> in the place of the revision <paramref name="expected"/>, with a word for the audit if there is one;
    /// false: somebody was faster, and nothing is changed.
    /// </summary>
    public async Task<bool> TryReplaceAsync(long expected, BreakerRecord next, BudgetAuditRecord? audit) =>
        (int)await redis.GetDatabase().ScriptEvaluateAsync(Replace, new
        {
            breaker = Breaker,
            audit = Audit,
            expected = expected.ToString(CultureInfo.InvariantCulture),
            revision = next.Revision.ToString(CultureInfo.InvariantCulture),
            value = JsonSerializer.Serialize(next, BreakerJson.Default.BreakerRecord),
            record = audit is null ? "" : Write(audit),
            kept = AuditKept,
        }) == 1;

    // As the ledger writes and reads them: 1763935200000 {"at":...}
    private static string Write(BudgetAuditRecord audit) => string.Create(
        CultureInfo.InvariantCulture, $"{audit.At.ToUnixTimeMilliseconds()} {JsonSerializer.Serialize(audit, WireJson.Types.BudgetAuditRecord)}");
}
