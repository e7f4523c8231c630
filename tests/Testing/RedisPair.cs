namespace AspireAgent.Testing;

/// <summary>One server of each kind for all tests of an assembly, started when first asked for; the tests use keys of their own.</summary>
public sealed class RedisPair : IAsyncDisposable
{
    private readonly Lazy<Task<RedisProcess>>[] _servers =
        [.. Enum.GetValues<RedisKind>().Select(kind => new Lazy<Task<RedisProcess>>(() => RedisProcess.StartAsync(kind)))];

    public Task<RedisProcess> GetAsync(RedisKind kind) => _servers[(int)kind].Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Where(server => server.IsValueCreated && server.Value.IsCompletedSuccessfully))
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
