namespace AspireAgent.Agent.Sessions;

/// <summary>The scripts over a session's keys, all of one slot. KEYS: owner, log, meta.</summary>
internal static class SessionScripts
{
    /// <summary>ARGV: observed token ('' for none), nonce, instance. Returns {1, token, last seq} or {0, token that is there}.</summary>
    public const string Take = """
        local now = redis.call('HGET', KEYS[1], 'token') or ''
        if now ~= ARGV[1] then return {0, now} end
        local epoch = (tonumber(string.match(now, '^%d+')) or 0) + 1
        local token = epoch .. '.' .. ARGV[2]
        redis.call('HSET', KEYS[1], 'token', token, 'instance', ARGV[3])
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        local last = base + redis.call('LLEN', KEYS[2]) - 1
        redis.call('HSET', KEYS[3], 'writer:' .. epoch, (last + 1) .. '.' .. ARGV[2])
        return {1, token, last}
        """;

    /// <summary>
    /// ARGV: token, expected seq, batch id, seconds to live, tenant, group, cohort, session layer and its revision (both '' where they did
    /// not change), events. Returns ok, fenced (somebody else owns the
    /// session) or gap (the log ends elsewhere). A repeat of the last batch is ok and changes nothing.
    /// </summary>
    public const string Append = """
        if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
        if redis.call('HGET', KEYS[3], 'lastBatch') == ARGV[3] then return 'ok' end
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        if base + redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[2]) then return 'gap' end
        for i = 10, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
        redis.call('HSET', KEYS[3], 'lastBatch', ARGV[3], 'tenant', ARGV[5], 'group', ARGV[6], 'cohort', ARGV[7])
        if ARGV[8] ~= '' then redis.call('HSET', KEYS[3], 'config', ARGV[8], 'configRevision', ARGV[9]) end
        for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[4]) end
        return 'ok'
        """;

    /// <summary>ARGV: after, most. Returns {base, events...}: those after seq <c>after</c>, in order.</summary>
    public const string Read = """
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        local from = math.max(tonumber(ARGV[1]) + 1 - base, 0)
        local events = redis.call('LRANGE', KEYS[2], from, from + tonumber(ARGV[2]) - 1)
        table.insert(events, 1, base)
        return events
        """;
}
