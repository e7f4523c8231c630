using System.Diagnostics.Metrics;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Access;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Streams;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using IServer = Microsoft.AspNetCore.Hosting.Server.IServer;

namespace AspireAgent.Gateway.Tests;

/// <summary>The gateway's parts over a real Redis, with a clock and pods of the test's.</summary>
internal sealed class GatewayHarness : HttpMessageHandler, IHttpClientFactory, IHostApplicationLifetime, IServer
{
    public static readonly Caller Caller = new("ada", "demo", Caller.StandardTier, Caller.UserRole);

    private readonly IConnectionMultiplexer _redis;
    private readonly CancellationTokenSource _stopping = new();

    private GatewayHarness(IConnectionMultiplexer redis)
    {
        _redis = redis;
        Registry = new InstanceRegistry(redis);
        Directory = new PodDirectory(Registry, redis, Time, NullLogger<PodDirectory>.Instance);
        var tokens = new TrustTokens(Options.Create(new TrustOptions { Key = "a trust key for tests, and for tests alone" }), Time);
        Pods = new PodClient(this, Directory, tokens, Time);
        var subscriptions = new SubscriptionCount();
        Metrics = new GatewayMetrics(
            new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(), subscriptions);
        Stream = new SessionStream(Pods, Metrics, Time);
        Local = new LocalInstance(
            InstanceKind.Gateway, () => 0, Options.Create(new InstanceOptions { Name = "gateway-me", AdvertisedAddress = "http://me" }), this);
        Connections = new Connections(
            new StreamLimit(Options.Create(new AccessOptions())), Registry, Local, subscriptions, Metrics,
            Options.Create(new ConnectionOptions()), this, Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public InstanceRegistry Registry { get; }

    public PodDirectory Directory { get; }

    public PodClient Pods { get; }

    public SessionStream Stream { get; }

    public GatewayMetrics Metrics { get; }

    public LocalInstance Local { get; }

    public Connections Connections { get; }

    /// <summary>What the pods were asked: host, and the owner that was said not to be reached.</summary>
    public List<(string Host, string? Unreachable, bool HasBody)> Asked { get; } = [];

    /// <summary>Paths and queries of the same calls.</summary>
    public List<string> Paths { get; } = [];

    /// <summary>How they answer the n-th call.</summary>
    public Func<int, CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } =
        (_, _) => Task.FromResult(new HttpResponseMessage());

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public CancellationToken ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => _stopping.Token;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    /// <summary>With a database of its own, so that no other test's pods are seen.</summary>
    public static async Task<GatewayHarness> StartAsync(RedisPair servers, int database)
    {
        var server = await servers.GetAsync(RedisKind.Server);
        await using (var admin = await ConnectionMultiplexer.ConnectAsync($"{server.ConnectionString},allowAdmin=true"))
        {
            await admin.GetServers()[0].FlushDatabaseAsync(database);
        }

        return new GatewayHarness(await ConnectionMultiplexer.ConnectAsync($"{server.ConnectionString},defaultDatabase={database}"));
    }

    /// <summary>Agents that are ready, at <c>http://NAME</c>.</summary>
    public async Task AddAgentsAsync(params string[] names)
    {
        foreach (var name in names)
        {
            await AddAsync(name, InstanceKind.Agent);
        }

        await Directory.RefreshAsync();
    }

    public Task AddAsync(string name, InstanceKind kind) =>
        Registry.WriteAsync(new InstanceInfo(name, kind, $"http://{name}", 1, InstanceState.Ready, 0, ""));

    public Task OwnAsync(string session, string pod) => _redis.GetDatabase().HashSetAsync(
        SessionKeys.Owner(session), [new(SessionKeys.TokenField, "7.abc"), new(SessionKeys.InstanceField, pod)]);

    /// <summary>Moves the clock until a task is done.</summary>
    public Task DoneAsync(Task task) => Poll.UntilAsync(
        () =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(250));
            return task.IsCompleted;
        },
        "it to be done");

    public HttpClient CreateClient(string name) => new(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    public void StopApplication() => _stopping.Cancel();

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        int attempt;
        lock (Asked)
        {
            var unreachable = request.Headers.TryGetValues(SessionHeaders.UnreachableOwner, out var owners) ? owners.Single() : null;
            Asked.Add((request.RequestUri!.Host, unreachable, request.Content is not null));
            Paths.Add(request.RequestUri.PathAndQuery);
            attempt = Asked.Count;
        }

        var response = await Answer(attempt, cancellationToken);
        response.RequestMessage = request;
        return response;
    }
}
