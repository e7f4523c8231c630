using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Reactive.Subjects;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals.Publishing;
using AspireAgent.Signals.Subscribing;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Signals.Tests;

/// <summary>Both ends of a signal over real HTTP.</summary>
public sealed class SignalRoundTripTests(RedisPair servers) : IAsyncDisposable
{
    private readonly int _port = LocalPort.Free();
    private readonly string _kind = Guid.NewGuid().ToString("N");
    private readonly FakeSource _source = new();
    private readonly ServiceProvider _http = new ServiceCollection().AddHttpClient().BuildServiceProvider();
    private readonly List<SignalClient<TurnConfig>> _clients = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.StopAsync(default);
            client.Dispose();
        }

        await _http.DisposeAsync();
    }

    [Fact]
    public async Task Subscriber_ServiceGoesAndComesBack_EndsOnTheNewestAndNeverGoesBack()
    {
        _source.Set(5, "five");
        var seen = new ConcurrentQueue<long>();
        var signal = await SubscribeAsync();
        using var subscription = signal.Subscribe(value => seen.Enqueue(value.Revision));

        await using (await ServeAsync())
        {
            await UntilAsync(signal, "five");
            _source.Set(6, "six");
            await UntilAsync(signal, "six");
        }

        await using (await ServeAsync())
        {
            _source.Set(7, "seven");
            await UntilAsync(signal, "seven");
        }

        Assert.Equal([5L, 6, 7], seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Subscriber_StoreWasReset_IsToldAndFollows(bool whileConnected)
    {
        _source.Set(6, "six");
        var seen = new ConcurrentQueue<long>();
        var signal = await SubscribeAsync();
        using var subscription = signal.Subscribe(value => seen.Enqueue(value.Revision));
        var service = await ServeAsync();
        await UntilAsync(signal, "six");
        if (!whileConnected)
        {
            await service.DisposeAsync();
        }

        _source.Set(2, "two");
        if (!whileConnected)
        {
            service = await ServeAsync();
        }

        await UntilAsync(signal, "two");
        _source.Set(3, "three");
        await UntilAsync(signal, "three");
        Assert.Equal([6L, 2, 3], seen);
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Publisher_InstanceThatHasNotReadYet_IsNoReset()
    {
        _source.Set(6, "six");
        await using var service = await ServeAsync();
        await Poll.UntilAsync(() => service.Services.GetRequiredService<ISignal<TurnConfig>>().Current is not null, "the first read");
        _source.SetSilently(7, "seven"); // as written through another instance, its wake-up lost
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_port}/signal") { Headers = { { "Last-Event-ID", "7" } } };

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var first = await SseParser.Create(body).EnumerateAsync().Take(2).Select(item => item.EventType).ToListAsync();

        Assert.Equal(["heartbeat", "heartbeat"], first);
    }

    [Fact]
    public async Task Subscriber_ServiceNeverAnswers_StartsFromTheSnapshotInRedis()
    {
        var connection = await (await servers.GetAsync(RedisKind.Garnet)).ConnectAsync();
        await new SignalSnapshots<TurnConfig>(connection, _kind, WireJson.Types.TurnConfig)
            .TryReplaceAsync(0, new SignalValue<TurnConfig>(3, new TurnConfig { SystemPrompt = "last known" }));

        var signal = await SubscribeAsync();

        await UntilAsync(signal, "last known");
    }

    [Fact]
    public async Task Publisher_OfAnyStream_NumbersItsValuesAndOutlivesItsEnd()
    {
        using var values = new BehaviorSubject<TurnConfig>(new TurnConfig { SystemPrompt = "one" });
        var seen = new ConcurrentQueue<long>();
        var signal = await SubscribeAsync();
        using var subscription = signal.Subscribe(value => seen.Enqueue(value.Revision));

        await using var service = await ServeAsync(services => services.AddSignalPublisher<TurnConfig>(values));
        await UntilAsync(signal, "one");
        values.OnNext(new TurnConfig { SystemPrompt = "two" });
        await UntilAsync(signal, "two");
        values.OnCompleted();
        var late = await SubscribeAsync();
        await UntilAsync(late, "two");

        var numbers = seen.ToArray();
        Assert.Equal(numbers[0] + 1, Assert.Single(numbers[1..]));
        Assert.True(numbers[0] > DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Heard_NothingChanges_RepeatsTheValueAsASignOfLife()
    {
        _source.Set(1, "one");
        var signal = await SubscribeAsync();
        var (beats, changes) = (0, 0);
        using var heard = signal.Heard.Subscribe(_ => Interlocked.Increment(ref beats));
        using var changed = signal.Subscribe(_ => Interlocked.Increment(ref changes));

        await using (await ServeAsync())
        {
            await Poll.UntilAsync(() => Volatile.Read(ref beats) >= 3, "three signs of life");
        }

        Assert.Equal(1, changes);
    }

    private static Task UntilAsync(ISignal<TurnConfig> signal, string prompt) =>
        Poll.UntilAsync(() => signal.Current?.Value.SystemPrompt == prompt, prompt);

    private async Task<ISignal<TurnConfig>> SubscribeAsync()
    {
        IConnectionMultiplexer connection = await (await servers.GetAsync(RedisKind.Garnet)).ConnectAsync();
        var client = new SignalClient<TurnConfig>(
            _http.GetRequiredService<IHttpClientFactory>(),
            new SignalClientOptions<TurnConfig>(_kind, new Uri($"http://127.0.0.1:{_port}/signal"), WireJson.Types.TurnConfig, SignalFallback.Disk),
            Options.Create(new SignalOptions()),
            new SignalSnapshots<TurnConfig>(connection, _kind, WireJson.Types.TurnConfig), TimeProvider.System,
            NullLogger<SignalClient<TurnConfig>>.Instance);
        _clients.Add(client);
        await client.StartAsync(default);
        return client;
    }

    private async Task<WebApplication> ServeAsync(Action<IServiceCollection>? publish = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System);
        (publish ?? (services => services.AddSignalPublisher<TurnConfig, FakeSource>().AddSingleton<ISignalSource<TurnConfig>>(_source)))(builder.Services);
        var app = builder.Build();
        app.MapSignal("/signal", WireJson.Types.TurnConfig);
        await app.StartAsync();
        return app;
    }

    private sealed class FakeSource : ISignalSource<TurnConfig>
    {
        private volatile SignalValue<TurnConfig> _value = new(1, new TurnConfig());
        private Action _woken = () => { };

        public void Set(long revision, string prompt)
        {
            SetSilently(revision, prompt);
            _woken();
        }

        public void SetSilently(long revision, string prompt) =>
            _value = new SignalValue<TurnConfig>(revision, new TurnConfig { SystemPrompt = prompt });

        public Task<SignalValue<TurnConfig>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(_value);

        public Task<IAsyncDisposable> OnWakeAsync(Action woken)
        {
            _woken = woken;
            return Task.FromResult<IAsyncDisposable>(new Nothing());
        }
    }

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
