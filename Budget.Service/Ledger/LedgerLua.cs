using AspireAgent.Budget.Limits;

namespace AspireAgent.Budget.Ledger;

/// <summary>
/// What the ledger's scripts have in common. They run on Redis 6 and later, Valkey and Garnet (Lua 5.1 and 5.4), and each is atomic.
/// All begin with KEYS[1] = clock, ARGV[1] = the highest serial number that the caller has seen, ARGV[2] = '' (a test's own time), and
/// all return {now, serial, until when data that was lost is being told again, ...}.
/// </summary>
internal static class LedgerLua
{
    /// <summary>How long after a loss of data the pods have to tell their leases again; each does so every second.</summary>
    public const int SettlingMilliseconds = 3_000;

    /// <summary>
    /// Time never runs back: it is the server's, or the last one seen if that is later. Each call has a number; where the caller has
    /// seen a higher one than the store knows, or the store knows none, data was lost.
    /// </summary>
    public static readonly string Clock = $$"""
        local settling = {{SettlingMilliseconds}}
        local function int(x) return string.format('%.0f', x) end
        local clock = redis.call('HMGET', KEYS[1], 'seen', 'serial', 'settles', 'whole')
        local now = tonumber(ARGV[2])
        if not now then
            local time = redis.call('TIME')
            now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        end
        now = math.max(now, tonumber(clock[1] or '0'))
        local serial, settles = tonumber(clock[2] or '-1'), tonumber(clock[3] or '0')
        local whole = clock[4]
        if serial < tonumber(ARGV[1]) then
            serial, settles, whole = tonumber(ARGV[1]), now + settling, false
            redis.call('HDEL', KEYS[1], 'whole')
        end
        serial = serial + 1
        redis.call('HSET', KEYS[1], 'seen', int(now), 'serial', int(serial), 'settles', int(settles))

        """;

    /// <summary>Nothing is booked before the limits are put back: what is booked is booked where there is a limit.</summary>
    public const string Whole = "if not whole then return {now, serial, settles} end\n";

    /// <summary>
    /// A budget's window. A fixed one is one bucket; a sliding one is the current bucket and the 12 before it, so that no span of its
    /// length ever has more than the limit. A bucket is {granted tokens, micro-USD, forced tokens, micro-USD, used tokens, micro-USD}:
    /// granted is what was checked against the limit, forced is what was not: a VIP's, and debts.
    /// </summary>
    public static readonly string Windows = $$"""
        local function limitOf(name, entry)
            local tokens, usd, ms, parts = string.match(entry or '', '^%d+ (%-?%d+) (%-?%d+) (%d+) (%d+)$')
            if not ms or ms == '0' then
                if name ~= 'system' then return nil end
                tokens, usd, ms, parts = string.match('{{new LimitEntry(0, LimitEntry.Default).Terms}}', '^(%S+) (%S+) (%S+) (%S+)$')
            end
            return {tokens = tonumber(tokens), usd = tonumber(usd), ms = tonumber(ms), parts = tonumber(parts)}
        end

        local function span(parts) return parts > 1 and parts or 0 end

        local function starts(limit, index) return math.ceil(index * limit.ms / limit.parts) end

        local function touch(node, index)
            local bucket = node.buckets[index]
            if not bucket then
                bucket = {0, 0, 0, 0, 0, 0}
                node.buckets[index] = bucket
            end
            node.touched[index] = true
            return bucket
        end

        local function open(key, limit)
            local node = {key = key, limit = limit, buckets = {}, touched = {}, stale = {} }
            node.index = math.floor(now * limit.parts / limit.ms)
            node.ends = starts(limit, node.index + 1)
            node.shape = int(limit.ms) .. '/' .. int(limit.parts)
            node.ref = node.shape .. '@' .. int(node.index)
            local fields, was = redis.call('HGETALL', key), nil
            for i = 1, #fields, 2 do
                if fields[i] == 'shape' then was = fields[i + 1] else
                    local bucket = {}
                    for amount in string.gmatch(fields[i + 1], '%d+') do bucket[#bucket + 1] = tonumber(amount) end
                    node.buckets[tonumber(fields[i])] = bucket
                end
            end
            local first = node.index - span(limit.parts)
            node.reshaped = was ~= node.shape
            if was and node.reshaped then
                -- what still counted in the window as it was counts on, as of now
                local ms, parts = string.match(was, '^(%d+)/(%d+)$')
                local counted = math.floor(now * tonumber(parts) / tonumber(ms)) - span(tonumber(parts))
                local old = node.buckets
                node.buckets = {}
                for index, bucket in pairs(old) do
                    if index ~= node.index then node.stale[#node.stale + 1] = int(index) end
                    if index >= counted then
                        local sum = touch(node, node.index)
                        for i = 1, 6 do sum[i] = sum[i] + bucket[i] end
                    end
                end
                touch(node, node.index)
            else
                for index in pairs(node.buckets) do
                    if index < first then node.stale[#node.stale + 1] = int(index) end
                end
                for _, index in ipairs(node.stale) do node.buckets[tonumber(index)] = nil end
            end
            return node
        end

        local function save(node)
            if not next(node.touched) then return end
            for _, index in ipairs(node.stale) do redis.call('HDEL', node.key, index) end
            if node.reshaped then redis.call('HSET', node.key, 'shape', node.shape) end
            for index in pairs(node.touched) do
                local texts = {}
                for i, amount in ipairs(node.buckets[index]) do texts[i] = int(amount) end
                redis.call('HSET', node.key, int(index), table.concat(texts, ' '))
            end
            redis.call('PEXPIRE', node.key, int(2 * node.limit.ms + 60000))
        end

        local function total(node)
            local sum = {0, 0, 0, 0, 0, 0}
            for _, bucket in pairs(node.buckets) do
                for i = 1, 6 do sum[i] = sum[i] + bucket[i] end
            end
            return sum
        end

        """;

    /// <summary>The chain of an account, those with a limit: KEYS[2] = limits, KEYS[4..6] = buckets of system, tier and tenant, ARGV[3], ARGV[4] = names of the last two.</summary>
    public const string Chain = """
        local names = {'system', ARGV[3], ARGV[4]}
        local entries = redis.call('HMGET', KEYS[2], names[1], names[2], names[3])
        local nodes = {}
        for i = 1, 3 do
            local limit = limitOf(names[i], entries[i])
            nodes[i] = limit and open(KEYS[3 + i], limit) or false
        end

        """;
}
