using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>Runs the ledger's scripts, and knows the highest serial number that any of them has answered with.</summary>
/// <param name="redis">Where.</param>
/// <param name="keys">The ledger's keys.</param>
/// <param name="testNow">A test's own time in milliseconds; null: the server's.</param>
internal sealed class LedgerStore(IConnectionMultiplexer redis, BudgetKeys keys, Func<long>? testNow = null)
{
    private const int Header = 3;
    private long _serial;

    public BudgetKeys Keys => keys;

    public IDatabase Database => redis.GetDatabase();

    /// <summary>Runs a script. Its clock comes before <paramref name="more"/> keys; the values are those from ARGV[3] on.</summary>
    public async Task<LedgerReply> RunAsync(string script, RedisKey[] more, params RedisValue[] values)
    {
        var reply = (RedisResult[]?)await Database.ScriptEvaluateAsync(
            script, [keys.Clock, .. more], [Volatile.Read(ref _serial), testNow is null ? RedisValue.EmptyString : testNow(), .. values]);
        if (reply is not [var now, var serial, _, ..])
        {
            throw new InvalidOperationException("A script of the ledger answered in another form than its own.");
        }

        Seen((long)serial);
        return new LedgerReply(DateTimeOffset.FromUnixTimeMilliseconds((long)now), [.. reply.Skip(Header).Select(value => (long)value)]);
    }

    // Answers may be handled in another order than they came in.
    private void Seen(long serial)
    {
        var known = Volatile.Read(ref _serial);
        while (serial > known)
        {
            (var seen, known) = (known, Interlocked.CompareExchange(ref _serial, serial, known));
            if (seen == known)
            {
                return;
            }
        }
    }
}

/// <summary>What a script of the ledger has answered.</summary>
/// <param name="Now">The ledger's time.</param>
/// <param name="Values">What it returns further.</param>
internal sealed record LedgerReply(DateTimeOffset Now, long[] Values);
