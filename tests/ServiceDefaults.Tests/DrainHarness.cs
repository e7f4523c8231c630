using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using IServer = Microsoft.AspNetCore.Hosting.Server.IServer;

namespace AspireAgent.ServiceDefaults.Tests;

/// <summary>A drainer over a real Redis, with a clock and work of the test's.</summary>
internal sealed class DrainHarness : IHostApplicationLifetime, IDrainWork, IServer
{
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private readonly CancellationTokenSource _stopping = new();

    public DrainHarness(IConnectionMultiplexer redis)
    {
        Orders = new DrainOrders(redis);
        Local = new LocalInstance(
            InstanceKind.Agent, () => 3, Options.Create(new InstanceOptions { AdvertisedAddress = "http://pod:8080/" }), this);
        Drainer = new Drainer(
            this, Local, Orders, Options.Create(new DrainOptions { GracePeriod = Grace }), this, Time, NullLogger<Drainer>.Instance);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public DrainOrders Orders { get; }

    public LocalInstance Local { get; }

    public Drainer Drainer { get; }

    /// <summary>What the work does; null: it is done at once.</summary>
    public Func<int, CancellationToken, Task>? Work { get; init; }

    /// <summary>How often the work was begun.</summary>
    public int Begun { get; private set; }

    /// <summary>When the process was told to end; null: it was not.</summary>
    public DateTimeOffset? StoppedAt { get; private set; }

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public CancellationToken ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => _stopping.Token;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    public DrainStatus Order(TimeSpan until, bool exit = true) => new(Time.GetUtcNow(), Time.GetUtcNow() + until, 0, exit);

    /// <summary>Moves the clock until it is so.</summary>
    public Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(() => Task.FromResult(isSo()), what);

    /// <summary>The same, where asking takes a while.</summary>
    public Task UntilAsync(Func<Task<bool>> isSo, string what) => Testing.Poll.UntilAsync(
        () =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(250));
            return isSo();
        },
        what);

    public async Task DrainAsync(DrainStatus drain, bool isTerminating, CancellationToken undrained) =>
        await (Work?.Invoke(++Begun, undrained) ?? Task.CompletedTask);

    public void StopApplication()
    {
        StoppedAt ??= Time.GetUtcNow();
        _stopping.Cancel();
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();
}
