using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StackExchange.Redis;

namespace AspireAgent.Signals;

/// <summary>A signal's snapshot in Redis: read by all, replaced only by whoever saw the one before.</summary>
public sealed class SignalSnapshots<T>(IConnectionMultiplexer redis, string kind, JsonTypeInfo<T> json)
{
    private static readonly LuaScript Replace = LuaScript.Prepare("""
        -- Compare and set: the caller names the revision that it changes; 0 is the empty store.
        local now = redis.call('HGET', @snapshot, 'revision') or '0'
        if now ~= @expected then return 0 end
        redis.call('HSET', @snapshot, 'revision', @revision, 'value', @value)
        redis.call('PUBLISH', @wake, @revision)
        return 1
        """);

    /// <summary>The snapshot; null: none yet.</summary>
    /// <exception cref="JsonException">It is not readable as <typeparamref name="T"/>.</exception>
    public async Task<SignalValue<T>?> ReadAsync()
    {
        var fields = await redis.GetDatabase().HashGetAsync(
            SignalKeys.Snapshot(kind), [SignalKeys.RevisionField, SignalKeys.ValueField]);
        return fields[0].IsNull ? null
            : JsonSerializer.Deserialize(fields[1].ToString(), json) is { } value ? new SignalValue<T>((long)fields[0], value)
            : throw new JsonException("A snapshot has a value.");
    }

    /// <summary>Changes the snapshot, from null where there is none, over the races of others; the result as written.</summary>
    public async Task<SignalValue<T>> UpdateAsync(Func<T?, T> change)
    {
        while (true)
        {
            var now = await ReadAsync();
            var next = new SignalValue<T>((now?.Revision ?? 0) + 1, change(now is null ? default : now.Value));
            if (await TryReplaceAsync(now?.Revision ?? 0, next))
            {
                return next;
            }
        }
    }

    /// <summary>Puts <paramref name="next"/> in the place of <paramref name="expected"/> (0: nothing there); false: somebody was faster.</summary>
    public async Task<bool> TryReplaceAsync(long expected, SignalValue<T> next) =>
        (int)await redis.GetDatabase().ScriptEvaluateAsync(Replace, new
        {
            snapshot = (RedisKey)SignalKeys.Snapshot(kind),
            wake = SignalKeys.Wake(kind),
            expected = expected.ToString(CultureInfo.InvariantCulture),
            revision = next.Revision.ToString(CultureInfo.InvariantCulture),
            value = JsonSerializer.Serialize(next.Value, json),
        }) == 1;

    /// <summary>Calls <paramref name="woken"/> after each replacement, until the result is disposed; a lost wake-up is possible.</summary>
    public Task<IAsyncDisposable> OnWakeAsync(Action woken) => SignalWakes.SubscribeAsync(redis, kind, woken);
}
