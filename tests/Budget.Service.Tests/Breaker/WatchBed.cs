using System.Diagnostics.Metrics;
using System.Reactive.Linq;
using System.Text.Json;
using AspireAgent.Budget.Breaker;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>An instance's watch on a real store, with burn that the test makes up.</summary>
internal sealed class WatchBed : IDisposable
{
    private readonly IConnectionMultiplexer _redis;
    private readonly ServiceProvider _meters = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public WatchBed(IConnectionMultiplexer redis, PlayedBurn burn, TimeProvider? time = null)
    {
        _redis = redis;
        var meters = _meters.GetRequiredService<IMeterFactory>();
        Metrics = new BudgetMetrics(meters, Status, Latest);
        Steps = new MetricCollector<long>(meters, BudgetMetrics.MeterName, "aspireagent.budget.breaker.steps");
        Watch = new BreakerWatch(
            burn, new BreakerStore(redis),
            new BreakerKnobSource(
                Config, new SignalSnapshots<ConfigLayers>(redis, ConfigKeys.Signal, WireJson.Tolerant.ConfigLayers), NullLogger<BreakerKnobSource>.Instance),
            Latest, Metrics, redis, time ?? TimeProvider.System, NullLogger<BreakerWatch>.Instance);
    }

    public BreakerWatch Watch { get; }

    public LatestBurn Latest { get; } = new();

    public SetSignal<ConfigLayers> Config { get; } = new();

    public SetSignal<BudgetStatus> Status { get; } = new();

    public BudgetMetrics Metrics { get; }

    public MetricCollector<long> Steps { get; }

    /// <summary>What every instrument that can be asked says.</summary>
    public Dictionary<string, double> Gauges()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, all) => Enable(instrument, all) };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;

        void Enable(Instrument instrument, MeterListener all)
        {
            if (ReferenceEquals(instrument.Meter.Scope, _meters.GetRequiredService<IMeterFactory>()))
            {
                all.EnableMeasurementEvents(instrument);
            }
        }
    }

    /// <summary>The audit, the newest last.</summary>
    public async Task<List<BudgetAuditRecord>> AuditAsync() =>
        [.. (await _redis.GetDatabase().ListRangeAsync("budget:{budget}:audit")).Select(element =>
            JsonSerializer.Deserialize(element.ToString().Split(' ', 2)[1], WireJson.Tolerant.BudgetAuditRecord)!)];

    public void Dispose()
    {
        Watch.Dispose();
        Steps.Dispose();
        _meters.Dispose();
    }
}

/// <summary>Burn as the test wants it: a steady history, and then what it adds. Several watches may read it.</summary>
internal sealed class PlayedBurn : IBurnSource
{
    public const long Start = 1_800_000_000;
    public const long Steady = 4_000;

    private readonly Dictionary<long, long> _seconds = Enumerable.Range(0, 1_000).ToDictionary(back => Start - back, _ => Steady);

    public long NowSecond { get; private set; } = Start;

    public List<long> Asked { get; } = [];

    /// <summary>Some seconds go by, each with so many tokens.</summary>
    public void Pass(int seconds, long tokens)
    {
        lock (_seconds)
        {
            for (var i = 0; i < seconds; i++)
            {
                _seconds[++NowSecond] = tokens;
            }
        }
    }

    public Task<BurnSeconds> ReadBurnAsync(long sinceSecond, CancellationToken cancellationToken)
    {
        lock (_seconds)
        {
            Asked.Add(sinceSecond);
            return Task.FromResult(new BurnSeconds(NowSecond, [.. _seconds.Where(second => second.Key >= sinceSecond).Select(second => (second.Key, second.Value))]));
        }
    }
}

/// <summary>A signal that has no value until the test gives it one.</summary>
internal sealed class SetSignal<T> : ISignal<T>
{
    public SignalValue<T>? Current { get; set; }

    public IObservable<SignalValue<T>> Heard => Observable.Never<SignalValue<T>>();

    public IDisposable Subscribe(IObserver<SignalValue<T>> observer) => Heard.Subscribe(observer);
}
