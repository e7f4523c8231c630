namespace AspireAgent.Budget.Ledger;

/// <summary>The ledger's scripts, each after the parts of <see cref="LedgerLua"/> that it needs.</summary>
internal static partial class LedgerScripts
{
    /// <summary>
    /// One use, booked once. KEYS: clock, limits, use, buckets of the chain, the hour's usage. ARGV from 5: tokens, micro-USD, seconds
    /// that the use is known, seconds that the hour is kept, then fields of the hour and what is added to them.
    /// Returns further: 1, or 0: it was booked before. Without it, the limits are to be put back first.
    /// </summary>
    public static readonly string Use = LedgerLua.Clock + LedgerLua.Whole + """
        if not redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[7]) then return {now, serial, settles, 0} end
        """ + "\n" + LedgerLua.Windows + LedgerLua.Chain + """
        for _, node in ipairs(nodes) do
            if node then
                local bucket = touch(node, node.index)
                bucket[5], bucket[6] = bucket[5] + tonumber(ARGV[5]), bucket[6] + tonumber(ARGV[6])
                save(node)
            end
        end
        for i = 9, #ARGV, 2 do redis.call('HINCRBY', KEYS[7], ARGV[i], ARGV[i + 1]) end
        redis.call('EXPIRE', KEYS[7], ARGV[8])
        return {now, serial, settles, 1}
        """;

    /// <summary>
    /// What an owner has produced so far. KEYS: clock, burn, produced. ARGV from 3: its total, seconds that burn is kept, that the
    /// owner is known. What is new since it was last heard goes evenly to the seconds since: one that was cut off is no spike. Of an
    /// owner that is unknown since the store lost it, nothing is new.
    /// </summary>
    public static readonly string Produced = LedgerLua.Clock + """
        local second, total, kept = math.floor(now / 1000), tonumber(ARGV[3]), tonumber(ARGV[4])
        local last = redis.call('HMGET', KEYS[3], 'total', 'second')
        local told, since = tonumber(last[1] or (now < settles and ARGV[3] or '0')), tonumber(last[2] or int(second - 1))
        local fresh = total - told
        if fresh < 0 then return {now, serial, settles} end
        local spread = math.max(1, math.min(second - since, kept))
        local share = math.floor(fresh / spread)
        if share > 0 then
            for s = second - spread + 1, second - 1 do redis.call('HINCRBY', KEYS[2], int(s), int(share)) end
        end
        -- zero too: a second that is there is one in which somebody was heard
        redis.call('HINCRBY', KEYS[2], int(second), int(fresh - share * (spread - 1)))
        redis.call('HSET', KEYS[3], 'total', int(total), 'second', int(second))
        redis.call('EXPIRE', KEYS[3], ARGV[5])
        if redis.call('HLEN', KEYS[2]) > kept + 60 then
            for _, s in ipairs(redis.call('HKEYS', KEYS[2])) do
                if tonumber(s) <= second - kept then redis.call('HDEL', KEYS[2], s) end
            end
        end
        return {now, serial, settles}
        """;

    /// <summary>KEYS: clock, burn. ARGV from 3: the first second wanted. Returns further: seconds and their tokens.</summary>
    public static readonly string Burn = LedgerLua.Clock + """
        local reply, from = {now, serial, settles}, tonumber(ARGV[3])
        if now / 1000 - from < 120 then -- a few are asked for one by one
            for second = from, math.floor(now / 1000) do
                local tokens = redis.call('HGET', KEYS[2], int(second))
                if tokens then
                    reply[#reply + 1] = int(second)
                    reply[#reply + 1] = tokens
                end
            end
            return reply
        end
        local fields = redis.call('HGETALL', KEYS[2])
        for i = 1, #fields, 2 do
            if tonumber(fields[i]) >= from then
                reply[#reply + 1] = fields[i]
                reply[#reply + 1] = fields[i + 1]
            end
        end
        return reply
        """;

    /// <summary>The time. KEYS: clock.</summary>
    public static readonly string Now = LedgerLua.Clock + "return {now, serial, settles}";

    /// <summary>The limits are back. KEYS: clock.</summary>
    public static readonly string Restored = LedgerLua.Clock + "redis.call('HSET', KEYS[1], 'whole', '1') return {now, serial, settles}";

    /// <summary>
    /// One budget. KEYS: clock, limits, its buckets. ARGV from 3: its name; '1' for a revision that no other answer has or had. Returns
    /// further: limit's tokens, micro-USD, window in ms and buckets, the end of the current bucket, the bucket's six amounts summed over
    /// the window, the revision. Without a limit only the first three.
    /// </summary>
    public static readonly string Node = LedgerLua.Clock + LedgerLua.Windows + """
        local limit = limitOf(ARGV[3], redis.call('HGET', KEYS[2], ARGV[3]))
        if not limit then return {now, serial, settles} end
        local revision = 0
        if ARGV[4] == '1' then
            revision = math.max(now, tonumber(redis.call('HGET', KEYS[1], 'revision') or '0') + 1)
            redis.call('HSET', KEYS[1], 'revision', int(revision))
        end
        local node = open(KEYS[3], limit)
        local sum = total(node)
        return {
            now, serial, settles, limit.tokens, limit.usd, limit.ms, limit.parts, node.ends,
            sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], revision}
        """;

    /// <summary>
    /// Sets a limit where it still is what the caller saw, or puts a remembered one back where the store's is older. KEYS: clock,
    /// limits, its buckets, audit. ARGV from 3: name, terms, the entry seen ('' for none), the remembered revision ('' to set), audit
    /// record, records kept. Returns further: 1, or 0 and nothing is changed. What its window has counted counts on in its new one.
    /// </summary>
    public static readonly string Limit = LedgerLua.Clock + LedgerLua.Windows + """
        local entry = redis.call('HGET', KEYS[2], ARGV[3]) or ''
        local revision = tonumber(string.match(entry, '^%d+') or '0')
        if ARGV[6] == '' then
            if entry ~= ARGV[5] then return {now, serial, settles, 0} end
            revision = math.max(now, revision + 1)
            redis.call('RPUSH', KEYS[4], int(now) .. ' ' .. ARGV[7])
            redis.call('LTRIM', KEYS[4], -tonumber(ARGV[8]), -1)
        else
            if revision >= tonumber(ARGV[6]) then return {now, serial, settles, 0} end
            revision = tonumber(ARGV[6])
        end
        entry = int(revision) .. ' ' .. ARGV[4]
        redis.call('HSET', KEYS[2], ARGV[3], entry)
        local limit = limitOf(ARGV[3], entry)
        if limit then save(open(KEYS[3], limit)) end
        return {now, serial, settles, 1}
        """;

    /// <summary>KEYS: clock, audit. ARGV from 3: record, records kept.</summary>
    public static readonly string Audit = LedgerLua.Clock + """
        redis.call('RPUSH', KEYS[2], int(now) .. ' ' .. ARGV[3])
        redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
        return {now, serial, settles}
        """;
}
