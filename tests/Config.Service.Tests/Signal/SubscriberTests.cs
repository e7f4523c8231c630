using System.Collections.Concurrent;
using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using AspireAgent.Signals.Subscribing;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Config.Tests.Signal;

/// <summary>Subscribers of the config signal over real connections to two instances, which a random script cuts.</summary>
public sealed class SubscriberTests
{
    private const int Sequences = 1_000;
    private const int SubscribersOfEach = 3;
    private const int StepsOfEach = 8;

    private enum Step
    {
        Write,
        WriteTwice,
        Cut,
        CutAll,
    }

    [Fact]
    public async Task Subscribers_RandomWritesCutsAndResumes_EndOnTheStoresValueAndNeverGoBack()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server, instances: 2);
        await using var redis = await system.Redis.ConnectAsync();
        ConfigClient[] writers = [system.Client(0), system.Client(1)];
        var store = new SignalSnapshots<ConfigLayers>(redis, ConfigKeys.Signal, WireJson.Types.ConfigLayers);
        var random = new Random(20_261_123);
        var subscribers = Enumerable.Range(0, SubscribersOfEach).Select(i => new Subscriber(system, redis, i)).ToList();
        foreach (var subscriber in subscribers)
        {
            await subscriber.StartAsync();
        }

        var count = 0;
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            for (var step = 0; step < StepsOfEach; step++)
            {
                switch ((Step)random.Next(4))
                {
                    case Step.WriteTwice:
                        await WriteAsync();
                        await WriteAsync();
                        break;
                    case Step.Cut:
                        subscribers[random.Next(SubscribersOfEach)].Cut();
                        break;
                    case Step.CutAll:
                        subscribers.ForEach(subscriber => subscriber.Cut());
                        break;
                    default:
                        await WriteAsync();
                        break;
                }
            }

            var final = (await store.ReadAsync())!;
            await Poll.UntilAsync(
                () => Task.FromResult(subscribers.TrueForAll(subscriber => subscriber.Signal.Current?.Revision == final.Revision)),
                () => $"revision {final.Revision} in sequence {sequence}; they have {string.Join(", ", subscribers.Select(subscriber => subscriber.Signal.Current?.Revision))}");
            Assert.All(subscribers, subscriber => Assert.Equal(Text(final.Value), Text(subscriber.Signal.Current!.Value)));
            Assert.All(subscribers, subscriber => subscriber.NeverWentBack());
        }

        foreach (var subscriber in subscribers)
        {
            await subscriber.DisposeAsync();
        }

        Assert.True(subscribers.Sum(subscriber => subscriber.Connections) > Sequences, "they were cut, and came back");

        Task<long> WriteAsync() => writers[random.Next(2)].WriteAsync(
            random.Next(2) == 0 ? "layers/global" : $"layers/group/g{random.Next(5)}", $$"""{"promptVersion":"{{++count}}"}""");
    }

    private static string Text(ConfigLayers layers) => JsonSerializer.Serialize(layers, WireJson.Types.ConfigLayers);

    /// <summary>A real signal client whose connections the test can cut; each new one goes to the other instance.</summary>
    private sealed class Subscriber : IHttpClientFactory, IAsyncDisposable
    {
        private readonly ConcurrentQueue<long> _seen = new();
        private readonly ConfigSystem _system;
        private volatile CancellationTokenSource _connection = new();
        private int _connections;

        public Subscriber(ConfigSystem system, IConnectionMultiplexer redis, int first)
        {
            (_system, _connections) = (system, first);
            Signal = new SignalClient<ConfigLayers>(
                this,
                new SignalClientOptions<ConfigLayers>(ConfigKeys.Signal, new Uri("/v1/config/signal", UriKind.Relative), WireJson.Types.ConfigLayers, SignalFallback.None),
                Options.Create(new SignalOptions()), new SignalSnapshots<ConfigLayers>(redis, ConfigKeys.Signal, WireJson.Types.ConfigLayers),
                new FastTime(), NullLogger<SignalClient<ConfigLayers>>.Instance);
            Signal.Subscribe(value => _seen.Enqueue(value.Revision));
        }

        public SignalClient<ConfigLayers> Signal { get; }

        public int Connections => _connections;

        public Task StartAsync() => Signal.StartAsync(default);

        public void Cut() => _connection.Cancel();

        public void NeverWentBack()
        {
            var seen = _seen.ToArray();
            Assert.Equal(seen.Distinct().Order(), seen);
        }

        public HttpClient CreateClient(string name)
        {
            var instance = Interlocked.Increment(ref _connections) % 2;
            _connection = new CancellationTokenSource();
            var inner = _system.Client(instance, "service").Http;
            return new HttpClient(new CutHandler(_connection.Token)) { BaseAddress = inner.BaseAddress, DefaultRequestHeaders = { Authorization = inner.DefaultRequestHeaders.Authorization } };
        }

        public async ValueTask DisposeAsync()
        {
            await Signal.StopAsync(default);
            Signal.Dispose();
        }
    }

    /// <summary>A connection that breaks, in the middle of a line if need be, when its token says so.</summary>
    private sealed class CutHandler(CancellationToken cut) : DelegatingHandler(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero, MaxResponseDrainSize = 0 })
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cut, cancellationToken);
                var response = await base.SendAsync(request, either.Token);
                response.Content = new StreamContent(new CutStream(await response.Content.ReadAsStreamAsync(cancellationToken), cut));
                return response;
            }
            catch (OperationCanceledException) when (cut.IsCancellationRequested)
            {
                throw new HttpRequestException("cut");
            }
        }
    }

    private sealed class CutStream(Stream inner, CancellationToken cut) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cut, cancellationToken);
            try
            {
                return await inner.ReadAsync(buffer, either.Token);
            }
            catch (OperationCanceledException) when (cut.IsCancellationRequested)
            {
                throw new IOException("cut");
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>The real clock, with timers fifty times as fast: a reconnect waits for milliseconds.</summary>
    private sealed class FastTime : TimeProvider
    {
        private const int Factor = 50;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime >= TimeSpan.FromSeconds(5) || dueTime < TimeSpan.Zero ? dueTime : dueTime / Factor, period);
    }
}
