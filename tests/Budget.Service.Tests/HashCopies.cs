using StackExchange.Redis;

namespace AspireAgent.Budget.Tests;

/// <summary>A hash as it was, put back: a store that lost its last writes.</summary>
internal static class HashCopies
{
    public static Task<HashEntry[]> CopyAsync(this IDatabase database, RedisKey key) => database.HashGetAllAsync(key);

    public static async Task PutBackAsync(this IDatabase database, RedisKey key, HashEntry[] fields)
    {
        await database.KeyDeleteAsync(key);
        await database.HashSetAsync(key, fields);
    }
}
