using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Access;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Draining;

/// <summary>
/// The clients' streams through this gateway. While it drains, those older than the soft deadline are told of it; at the hard
/// deadline all end, and the clients go on elsewhere by their cursors.
/// </summary>
internal sealed class Connections(
    StreamLimit limit, InstanceRegistry registry, LocalInstance local, SubscriptionCount subscriptions, GatewayMetrics metrics,
    IOptions<ConnectionOptions> options, IHostApplicationLifetime lifetime, TimeProvider time) : IDrainWork, IDisposable
{
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private CancellationTokenSource _closing = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);

    /// <summary>A stream of a tenant's; null: it has its share already.</summary>
    public Connection? Open(HttpContext context, string tenant, string kind)
    {
        if (limit.Enter(tenant) is not { } place)
        {
            return null;
        }

        // Who reads slowly is told less often, and who does not read is cut off, but by our own clock.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        lock (_lock)
        {
            return new Connection(place, subscriptions.Enter(kind), () => local.Drain, context.Abort, metrics, options.Value, time, _closing.Token);
        }
    }

    /// <inheritdoc />
    public async Task DrainAsync(DrainStatus drain, bool isTerminating, CancellationToken undrained)
    {
        // Who is told to end and is alone has nobody to wait for.
        var isLast = isTerminating && !(await registry.ListAsync()).Any(other =>
            other is { Kind: InstanceKind.Gateway, State: InstanceState.Ready } && other.Name != local.Name);
        while (limit.Total > 0 && !isLast && time.GetUtcNow() < drain.HardAt)
        {
            await Task.Delay(LookEvery, time, undrained);
        }

        var closed = time.GetTimestamp();
        await CloseAllAsync();
        while (limit.Total > 0 && time.GetElapsedTime(closed) < CloseWithin)
        {
            await Task.Delay(LookEvery, time, undrained);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _closing.Dispose();

    // Streams that are opened later have a deadline of their own.
    private async Task CloseAllAsync()
    {
        CancellationTokenSource closing;
        lock (_lock)
        {
            (closing, _closing) = (_closing, CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping));
        }

        await closing.CancelAsync();
        closing.Dispose();
    }
}
