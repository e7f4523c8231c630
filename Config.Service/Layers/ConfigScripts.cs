namespace AspireAgent.Config.Layers;

/// <summary>The one script that writes configuration. All keys bear the tag {config}: one slot.</summary>
internal static class ConfigScripts
{
    /// <summary>
    /// KEYS: snapshot, audit, then the history of each layer that changes. ARGV: expected store revision (0: the empty store), next one,
    /// the signal's value, wake channel, records kept of the audit, of a history, how many audit records follow, those, then one history
    /// record a layer. Returns 1, or 0: somebody was faster, and nothing is changed.
    /// </summary>
    public const string Commit = """
        local now = redis.call('HGET', KEYS[1], 'revision') or '0'
        if now ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'value', ARGV[3])
        local audits = tonumber(ARGV[7])
        for i = 1, audits do redis.call('RPUSH', KEYS[2], ARGV[7 + i]) end
        redis.call('LTRIM', KEYS[2], -tonumber(ARGV[5]), -1)
        for i = 3, #KEYS do
          redis.call('RPUSH', KEYS[i], ARGV[5 + audits + i])
          redis.call('LTRIM', KEYS[i], -tonumber(ARGV[6]), -1)
        end
        redis.call('PUBLISH', ARGV[4], ARGV[2])
        return 1
        """;
}
