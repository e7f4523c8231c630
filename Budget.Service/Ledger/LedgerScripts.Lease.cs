namespace AspireAgent.Budget.Ledger;

internal static partial class LedgerScripts
{
    /// <summary>
    /// One lease. KEYS: clock, limits, lease, buckets of the chain. ARGV from 5: spent, held, want and least, each in tokens and in
    /// micro-USD; '1' to overdraw; '1' to close. Returns further: granted tokens, micro-USD, milliseconds to its end, milliseconds
    /// until there may be more. Without these four, the limits are to be put back first.
    /// <para>
    /// A lease lives as long as the buckets that it was first told in are the current ones: until the first of its windows ends, or
    /// one of its budgets gets another window, gets a limit or loses it.
    /// </para>
    /// </summary>
    public static readonly string Lease = LedgerLua.Clock + LedgerLua.Whole + LedgerLua.Windows + LedgerLua.Chain + """
        local refs, ends = {}, nil
        for i, node in ipairs(nodes) do
            refs[i] = node and node.ref or '-'
            if node and (not ends or node.ends < ends) then ends = node.ends end
        end
        refs = table.concat(refs, ' ')
        local lease = redis.call('HMGET', KEYS[3], 'refs', 'closed', 'granted1', 'granted2', 'forced1', 'forced2', 'spent1', 'spent2')
        local first = lease[1] or refs
        local live = first == refs and not lease[2]
        local overdraw, close = ARGV[13] == '1', ARGV[14] == '1'
        local granted, forced, spent, held, want, least, have = {}, {}, {}, {}, {}, {}, {}
        for u = 1, 2 do
            granted[u], forced[u] = tonumber(lease[2 + u] or '0'), tonumber(lease[4 + u] or '0')
            -- totals: an older, smaller one takes nothing back
            spent[u] = math.max(tonumber(ARGV[4 + u]), tonumber(lease[6 + u] or '0'))
            held[u], want[u] = tonumber(ARGV[6 + u]), tonumber(ARGV[8 + u])
            least[u] = math.min(tonumber(ARGV[10 + u]), want[u])
            have[u] = granted[u] + forced[u]
        end

        -- granted once, and unknown now: the store has lost it, and others are to tell of theirs before anything new is granted
        if live and (held[1] > have[1] or held[2] > have[2]) then
            settles = now + settling
            redis.call('HSET', KEYS[1], 'settles', int(settles))
        end

        for u = 1, 2 do
            local floor = spent[u]
            if live and not close then floor = math.max(floor, held[u], overdraw and want[u] or 0) end
            local debt = floor - have[u]
            if debt > 0 then
                forced[u], have[u] = forced[u] + debt, floor
                for _, node in ipairs(nodes) do
                    if node then
                        local bucket = touch(node, node.index)
                        bucket[2 + u] = bucket[2 + u] + debt
                    end
                end
            end
        end

        local retry = 0
        if live and not close and (want[1] > have[1] or want[2] > have[2]) then
            local more = {math.max(0, want[1] - have[1]), math.max(0, want[2] - have[2])}
            if now < settles then
                retry, more = settles - now, {0, 0}
            end
            for _, node in ipairs(nodes) do
                if node then
                    local sum, most = total(node), {node.limit.tokens, node.limit.usd}
                    for u = 1, 2 do
                        local room = most[u] - sum[u] - sum[2 + u]
                        if most[u] >= 0 and room < want[u] - have[u] then
                            more[u] = math.max(0, math.min(more[u], room))
                            -- there may be more when the oldest bucket that has some is out of the window
                            local oldest = node.index
                            for index, bucket in pairs(node.buckets) do
                                if index < oldest and bucket[u] + bucket[2 + u] > 0 then oldest = index end
                            end
                            retry = math.max(retry, starts(node.limit, oldest + span(node.limit.parts) + 1) - now)
                        end
                    end
                end
            end
            if have[1] + more[1] >= least[1] and have[2] + more[2] >= least[2] then
                for u = 1, 2 do
                    granted[u], have[u] = granted[u] + more[u], have[u] + more[u]
                    for _, node in ipairs(nodes) do
                        if node and more[u] > 0 then
                            local bucket = touch(node, node.index)
                            bucket[u] = bucket[u] + more[u]
                        end
                    end
                end
            end
        end

        if close and not lease[2] then
            local i = 0
            for ref in string.gmatch(first, '%S+') do
                i = i + 1
                local shape, index = string.match(ref, '^(.+)@(%d+)$')
                local node = nodes[i]
                -- given back where it still counts
                if node and shape == node.shape and node.buckets[tonumber(index)] then
                    local bucket = touch(node, tonumber(index))
                    for u = 1, 2 do
                        local back = have[u] - spent[u]
                        local checked = math.min(back, granted[u])
                        bucket[u] = math.max(0, bucket[u] - checked)
                        bucket[2 + u] = math.max(0, bucket[2 + u] - (back - checked))
                    end
                end
            end
            for u = 1, 2 do
                local checked = math.min(have[u] - spent[u], granted[u])
                granted[u], have[u] = granted[u] - checked, spent[u]
                forced[u] = have[u] - granted[u]
            end
        end

        for _, node in ipairs(nodes) do
            if node then save(node) end
        end
        redis.call(
            'HSET', KEYS[3], 'refs', first, 'granted1', int(granted[1]), 'granted2', int(granted[2]), 'forced1', int(forced[1]),
            'forced2', int(forced[2]), 'spent1', int(spent[1]), 'spent2', int(spent[2]))
        if close then redis.call('HSET', KEYS[3], 'closed', '1') end
        local left = live and not close and ends - now or 0
        -- known for an hour longer: what comes late is told from what is new
        redis.call('PEXPIRE', KEYS[3], int(left + 3600000))
        return {now, serial, settles, have[1], have[2], left, retry}
        """;
}
