namespace AspireAgent.Config.Layers;

/// <summary>The one script that writes configuration. All keys bear the tag {config}: one slot.</summary>
internal static class ConfigScripts
{
    /// <summary>
    /// KEYS: snapshot, audit, then the history of each layer that changes. ARGV: expected store revision (0: the empty store), next one,
    /// the signal's value, wake channel, audit record, records kept of the audit, of a history, then one history record a layer. Returns
    /// 1, or 0: somebody was faster, and nothing is changed.
    /// </summary>
    public const string Commit = """
        local now = redis.call('HGET', KEYS[1], 'revision') or '0'
        if now ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'value', ARGV[3])
        redis.call('RPUSH', KEYS[2], ARGV[5])
        redis.call('LTRIM', KEYS[2], -tonumber(ARGV[6]), -1)
        for i = 3, #KEYS do
          redis.call('RPUSH', KEYS[i], ARGV[5 + i])
          redis.call('LTRIM', KEYS[i], -tonumber(ARGV[7]), -1)
        end
        redis.call('PUBLISH', ARGV[4], ARGV[2])
        return 1
        """;
}
