using System.Net.Http.Headers;
using System.Text;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using AspireAgent.Signals.Subscribing;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Bench.Signals;

/// <summary>Our own: Config.Service as a process, its HTTP API, and real signal clients over SSE.</summary>
internal sealed class ConfigFanout : IFanout, IHttpClientFactory
{
    private const string Layer = "/v1/config/layers/global";

    private readonly List<SignalClient<ConfigLayers>> _subscribers = [];
    private readonly List<Arrivals?> _arrivals = [];
    private readonly ServiceProcess _service;
    private readonly ConnectionMultiplexer _redis;
    private readonly HttpClient _writer;
    private readonly HttpClient _token;
    private long _revision;
    private int _count;

    private ConfigFanout(ServiceProcess service, ConnectionMultiplexer redis)
    {
        (_service, _redis) = (service, redis);
        _writer = service.Client("operator");
        _token = service.Client("service");
    }

    public string Name => "config signal";

    public static async Task<ConfigFanout> StartAsync(RedisProcess redis) => new(
        await ServiceProcess.StartAsync("Config.Service", new Dictionary<string, string>
        {
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["Logging__LogLevel__Default"] = "Warning",
        }),
        await redis.ConnectAsync());

    public async Task SubscribeAsync(int count)
    {
        for (var i = _subscribers.Count; i < count; i++)
        {
            var client = new SignalClient<ConfigLayers>(
                this, new SignalClientOptions<ConfigLayers>(ConfigKeys.Signal, new Uri(_service.Address, "/v1/config/signal"), WireJson.Types.ConfigLayers, SignalFallback.None),
                Options.Create(new SignalOptions()), new SignalSnapshots<ConfigLayers>(_redis, ConfigKeys.Signal, WireJson.Types.ConfigLayers),
                TimeProvider.System, NullLogger<SignalClient<ConfigLayers>>.Instance);
            client.Subscribe(value => ArrivalsOf(value.Value.Global.Revision)?.Applied());
            _subscribers.Add(client);
            await client.StartAsync(default);
        }

        await Poll.UntilAsync(() => _subscribers.TrueForAll(client => client.Current is not null), "all subscribers");
    }

    public async Task<Written> WriteAsync()
    {
        var arrivals = new Arrivals(_subscribers.Count);
        lock (_arrivals)
        {
            while (_arrivals.Count <= _revision + 1)
            {
                _arrivals.Add(null);
            }

            _arrivals[(int)_revision + 1] = arrivals;
        }

        using var request = new HttpRequestMessage(HttpMethod.Put, Layer)
        {
            Content = new StringContent($$"""{"systemPrompt":"You are version {{++_count}}."}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{_revision}\""));
        var sent = TimeProvider.System.GetTimestamp();
        using var response = await _writer.SendAsync(request);
        var accepted = TimeProvider.System.GetTimestamp();
        response.EnsureSuccessStatusCode();
        _revision++;
        return new Written(sent, accepted, await arrivals.All);
    }

    public HttpClient CreateClient(string name) =>
        new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero, MaxResponseDrainSize = 0 })
        {
            DefaultRequestHeaders = { Authorization = _token.DefaultRequestHeaders.Authorization },
            Timeout = Timeout.InfiniteTimeSpan,
        };

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_subscribers.Select(client => client.StopAsync(default)));
        _subscribers.ForEach(client => client.Dispose());
        _writer.Dispose();
        _token.Dispose();
        await _redis.DisposeAsync();
        await _service.DisposeAsync();
    }

    private Arrivals? ArrivalsOf(long revision)
    {
        lock (_arrivals)
        {
            return revision < _arrivals.Count ? _arrivals[(int)revision] : null;
        }
    }
}
