using AspireAgent.Contracts.Budget;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>Tokens of the whole system in fixed windows of a minute, kept in Redis on the server's clock.</summary>
internal sealed class SystemLedger(IConnectionMultiplexer redis) : ISignalSource<BudgetStatus>
{
    /// <summary>Default limit; tokens a minute (B1).</summary>
    public const long DefaultLimitTokens = 1_000_000;

    private const string Ledger = "budget:{system}:ledger";
    private const string Kind = "budget";

    // One slot by the tag {system}. Time never runs back: it is the server's, or the last one seen if that is later.
    private static readonly LuaScript Script = LuaScript.Prepare("""
        local clock = redis.call('TIME')
        local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
        local seen = tonumber(redis.call('HGET', @ledger, 'seen') or '0')
        if seen >= now then now = seen + 1 end
        local window = math.floor(now / 60000)
        if tonumber(redis.call('HGET', @ledger, 'window') or '-1') ~= window then
          redis.call('HSET', @ledger, 'window', window, 'used', 0)
        end
        redis.call('HSET', @ledger, 'seen', now)
        if @limit ~= '0' then redis.call('HSET', @ledger, 'limit', @limit) end
        if @tokens ~= '0' and redis.call('SET', @turn, 1, 'NX', 'PX', 3600000) then
          redis.call('HINCRBY', @ledger, 'used', @tokens)
        end
        local limit = redis.call('HGET', @ledger, 'limit') or @default
        local used = redis.call('HGET', @ledger, 'used')
        return {tonumber(limit), tonumber(used), (window + 1) * 60000, now}
        """);

    /// <inheritdoc />
    public Task<SignalValue<BudgetStatus>> ReadAsync(CancellationToken cancellationToken) => RunAsync("none", 0, 0);

    /// <summary>Books what a turn used. A turn is booked once, however often it is told.</summary>
    public Task<SignalValue<BudgetStatus>> SettleAsync(BudgetUse use) => RunAsync(use.Turn, use.Tokens, 0);

    /// <summary>Sets the limit and wakes every publisher.</summary>
    public async Task<SignalValue<BudgetStatus>> LimitAsync(BudgetLimit limit)
    {
        var status = await RunAsync("none", 0, limit.LimitTokens);
        await SignalWakes.SendAsync(redis, Kind);
        return status;
    }

    /// <inheritdoc />
    public Task<IAsyncDisposable> OnWakeAsync(Action woken) => SignalWakes.SubscribeAsync(redis, Kind, woken);

    private async Task<SignalValue<BudgetStatus>> RunAsync(string turn, long tokens, long limit)
    {
        var reply = (long[]?)await redis.GetDatabase().ScriptEvaluateAsync(Script, new
        {
            ledger = (RedisKey)Ledger,
            turn = (RedisKey)$"budget:{{system}}:turn:{turn}",
            tokens = tokens.ToString(System.Globalization.CultureInfo.InvariantCulture),
            limit = limit.ToString(System.Globalization.CultureInfo.InvariantCulture),
            @default = DefaultLimitTokens,
        });
        return reply is [var limitTokens, var used, var endsAt, var revision]
            ? new SignalValue<BudgetStatus>(revision, new BudgetStatus(limitTokens, used, DateTimeOffset.FromUnixTimeMilliseconds(endsAt)))
            : throw new InvalidOperationException("The ledger's script answered in another form than its own.");
    }
}
