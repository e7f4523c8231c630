using AspireAgent.Contracts.Instances;

namespace AspireAgent.Agent.EventLog;

/// <summary>
/// The scripts over a session's keys, all of one slot. KEYS: owner, log, meta, state. They run on Redis 6 and later, Valkey and
/// Garnet, and each one is atomic.
/// </summary>
internal static class SessionScripts
{
    /// <summary>Takeovers that a gateway may force in a minute; from then on only the owner's missing heartbeat decides.</summary>
    public const int ForcedTakeoversPerMinute = 3;

    /// <summary>
    /// Compare and set of the owner. ARGV: observed token ('' for none), nonce, instance, '1' where the owner is alive but a gateway
    /// cannot reach it, session id. Returns {1, token, last seq, first kept seq, seq of the checkpoint}, {0, token that is there}, or
    /// {2, token that is there} where it was forced too often. A former owner is told the session and its new token on its own
    /// channel; of one that wrote nothing no trace is kept.
    /// </summary>
    public static readonly string Take = $$"""
        local now = redis.call('HGET', KEYS[1], 'token') or ''
        if now ~= ARGV[1] then return {0, now} end
        if ARGV[4] == '1' then
            local time = redis.call('TIME')
            local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
            local recent = {}
            for at in string.gmatch(redis.call('HGET', KEYS[3], 'takeovers') or '', '%d+') do
                if ms - tonumber(at) < 60000 then recent[#recent + 1] = at end
            end
            if #recent >= {{ForcedTakeoversPerMinute}} then return {2, now} end
            recent[#recent + 1] = string.format('%.0f', ms)
            redis.call('HSET', KEYS[3], 'takeovers', table.concat(recent, ','))
        end
        local epoch = (tonumber(string.match(now, '^%d+')) or 0) + 1
        local token = epoch .. '.' .. ARGV[2]
        if now == '' then
            -- until the first append says how long; an opener may die before it
            redis.call('HSET', KEYS[3], 'base', '1')
            redis.call('EXPIRE', KEYS[3], 3600)
        end
        local former = redis.call('HGET', KEYS[1], 'instance') or ''
        redis.call('HSET', KEYS[1], 'token', token, 'instance', ARGV[3])
        redis.call('HDEL', KEYS[1], 'released')
        if now == '' then redis.call('EXPIRE', KEYS[1], 3600) end
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        local last = base + redis.call('LLEN', KEYS[2]) - 1
        local before = 'writer:' .. (epoch - 1)
        local wrote = redis.call('HGET', KEYS[3], before)
        if wrote and string.match(wrote, '^%d+') == tostring(last + 1) then redis.call('HDEL', KEYS[3], before) end
        redis.call('HSET', KEYS[3], 'writer:' .. epoch, (last + 1) .. '.' .. ARGV[2])
        if former ~= '' and former ~= ARGV[3] then redis.call('PUBLISH', '{{InstanceKeys.Taken("' .. former .. '")}}', ARGV[5] .. ' ' .. token) end
        return {1, token, last, base, tonumber(redis.call('HGET', KEYS[3], 'checkpoint') or '0')}
        """;

    /// <summary>
    /// ARGV: token, expected seq, batch id, seconds to live, tenant, group, cohort, running turn, session layer and its revision (both
    /// '' where they did not change), events. Returns ok, fenced (somebody else owns the session) or gap (the log ends elsewhere). A
    /// repeat of the last batch is ok and changes nothing.
    /// </summary>
    public const string Append = """
        if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
        if redis.call('HGET', KEYS[3], 'lastBatch') == ARGV[3] then return 'ok' end
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        if base + redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[2]) then return 'gap' end
        for i = 11, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
        redis.call('HSET', KEYS[3], 'lastBatch', ARGV[3], 'tenant', ARGV[5], 'group', ARGV[6], 'cohort', ARGV[7], 'running', ARGV[8])
        if ARGV[9] ~= '' then redis.call('HSET', KEYS[3], 'config', ARGV[9], 'configRevision', ARGV[10]) end
        for i = 1, 4 do redis.call('EXPIRE', KEYS[i], ARGV[4]) end
        return 'ok'
        """;

    /// <summary>
    /// Writes a checkpoint and trims the log before a seq that it covers. ARGV: token, seq of the checkpoint, checkpoint, first seq to
    /// keep, seconds to live, fields of meta that are needed no more. Returns ok, fenced, or gap (the log does not reach so far).
    /// </summary>
    public const string Checkpoint = """
        if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        if base + redis.call('LLEN', KEYS[2]) - 1 < tonumber(ARGV[2]) then return 'gap' end
        if tonumber(redis.call('HGET', KEYS[3], 'checkpoint') or '0') > tonumber(ARGV[2]) then return 'ok' end -- a late repeat
        redis.call('SET', KEYS[4], ARGV[3], 'EX', ARGV[5])
        redis.call('HSET', KEYS[3], 'checkpoint', ARGV[2])
        local keep = math.min(tonumber(ARGV[4]), tonumber(ARGV[2]) + 1)
        if keep > base then
            redis.call('LTRIM', KEYS[2], keep - base, -1)
            redis.call('HSET', KEYS[3], 'base', string.format('%.0f', keep))
        end
        for i = 6, #ARGV do redis.call('HDEL', KEYS[3], ARGV[i]) end
        return 'ok'
        """;

    /// <summary>ARGV: token, why. Lets go of the session: nobody has it, and whoever takes it is told why. Returns ok or fenced.</summary>
    public const string Release = """
        if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
        redis.call('HSET', KEYS[1], 'instance', '', 'released', ARGV[2])
        return 'ok'
        """;

    /// <summary>ARGV: after, most. Returns {first kept seq, events...}: those after seq <c>after</c>, in order.</summary>
    public const string Read = """
        local base = tonumber(redis.call('HGET', KEYS[3], 'base') or '1')
        local from = math.max(tonumber(ARGV[1]) + 1 - base, 0)
        local events = redis.call('LRANGE', KEYS[2], from, from + tonumber(ARGV[2]) - 1)
        table.insert(events, 1, base)
        return events
        """;
}
