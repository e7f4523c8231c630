using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Access;

/// <summary>Counts open streams, and keeps one tenant from taking them all.</summary>
internal sealed class StreamLimit(IOptions<AccessOptions> options)
{
    private readonly ConcurrentDictionary<string, int> _open = new();

    /// <summary>Open streams of all tenants.</summary>
    public int Total => _open.Values.Sum();

    /// <summary>Counts one until the result is disposed; null: the tenant has its share already.</summary>
    public IDisposable? Enter(string tenant)
    {
        if (_open.AddOrUpdate(tenant, 1, (_, open) => open + 1) <= options.Value.MaxStreamsPerTenant)
        {
            return new Place(this, tenant);
        }

        Leave(tenant);
        return null;
    }

    private void Leave(string tenant) => _open.AddOrUpdate(tenant, 0, (_, open) => open - 1);

    private sealed class Place(StreamLimit limit, string tenant) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                limit.Leave(tenant);
            }
        }
    }
}
