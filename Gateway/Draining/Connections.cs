using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Access;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Streams;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Draining;

/// <summary>
/// The clients' streams through this gateway. While it drains, those older than the soft deadline are told of it; at the hard
/// deadline all end, and the clients go on elsewhere by their cursors, and what is opened later ends at once.
/// </summary>
internal sealed class Connections(
    StreamLimit limit, InstanceRegistry registry, LocalInstance local, SubscriptionCount subscriptions, GatewayMetrics metrics,
    IOptions<ConnectionOptions> options, IHostApplicationLifetime lifetime, TimeProvider time) : IDrainWork, IDisposable
{
    private const int LooksPerSecond = 10;
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private CancellationTokenSource _closing = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
    private DateTimeOffset _closedAt = DateTimeOffset.MaxValue;

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
            if (local.Drain is not { } drain || drain.HardAt > _closedAt)
            {
                Reopen();
            }

            return new Connection(place, subscriptions.Enter(kind), () => local.Drain, context.Abort, metrics, options.Value, time, _closing.Token);
        }
    }

    /// <inheritdoc />
    public async Task DrainAsync(DrainStatus drain, bool isTerminating, CancellationToken undrained)
    {
        for (var look = 0; drain.HardAt - time.GetUtcNow() is { Ticks: > 0 } left; look++)
        {
            // Who is told to end waits for its clients, unless it is alone: they would have nowhere to go.
            if (isTerminating && (limit.Total == 0 || (look % LooksPerSecond == 0 && await IsAloneAsync())))
            {
                break;
            }

            await Task.Delay(isTerminating ? LookEvery : left, time, undrained);
        }

        var closed = time.GetTimestamp();
        await CloseAllAsync(drain);
        while (limit.Total > 0 && time.GetElapsedTime(closed) < CloseWithin)
        {
            await Task.Delay(LookEvery, time, undrained);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _closing.Dispose();

    private async Task<bool> IsAloneAsync()
    {
        try
        {
            return !(await registry.ListAsync()).Any(other =>
                other is { Kind: InstanceKind.Gateway, State: InstanceState.Ready } && other.Name != local.Name);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return false; // nobody knows, and the grace period ends
        }
    }

    // Also what is opened from now on, until this gateway takes work again or has another deadline.
    private async Task CloseAllAsync(DrainStatus drain)
    {
        CancellationTokenSource closing;
        lock (_lock)
        {
            (closing, _closedAt) = (_closing, drain.HardAt);
        }

        await closing.CancelAsync();
    }

    private void Reopen()
    {
        if (_closing.IsCancellationRequested && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            _closing.Dispose();
            _closing = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        }
    }
}
