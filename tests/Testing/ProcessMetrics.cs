using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace AspireAgent.Testing;

/// <summary>
/// The meters of another .NET process, read from outside through its diagnostics port as dotnet-counters does; the process knows nothing
/// of it. What is observed (observable instruments, those of <c>System.Runtime</c>) has its true value; other counters and all histograms count
/// from the moment the listening began, whole and not by interval, so that quantiles are those of the window. One listener a process at
/// a time.
/// See https://learn.microsoft.com/dotnet/core/diagnostics/metrics-collection and the runtime's MetricsEventSource.
/// </summary>
public sealed class ProcessMetrics : IAsyncDisposable
{
    private const string Source = "System.Diagnostics.Metrics";
    private const string Interval = "0.5";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly EventPipeSession _session;
    private readonly Task _reading;
    private readonly List<(DateTime After, TaskCompletionSource<MetricReadings> Answer)> _asked = [];
    private Dictionary<string, double> _values = [];
    private Dictionary<string, MetricHistogram> _histograms = [];

    private ProcessMetrics(int pid, IEnumerable<string> meters)
    {
        _session = new DiagnosticsClient(pid).StartEventPipeSession(
            [
                new EventPipeProvider(Source, EventLevel.Informational, 0x2, new Dictionary<string, string>
                {
                    ["SessionId"] = _id,
                    ["Metrics"] = string.Join(',', meters),
                    ["RefreshInterval"] = Interval,
                    ["MaxTimeSeries"] = "10000",
                    ["MaxHistograms"] = "200",
                    // 50 powers of two: nothing that we measure makes it coarser.
                    ["Base2ExponentialHistogram"] = $"scale={MetricHistogram.Scale};maxBuckets={50 << MetricHistogram.Scale};reportDeltas=false",
                }),
            ],
            requestRundown: false, circularBufferMB: 16);
        _reading = Task.Factory.StartNew(Read, TaskCreationOptions.LongRunning);
    }

    /// <summary>Listens until disposed; returns when what is measured from now on counts.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="meters">Names of meters, or <c>meter\instrument</c>.</param>
    public static async Task<ProcessMetrics> ListenAsync(int pid, params string[] meters)
    {
        var metrics = new ProcessMetrics(pid, meters);
        await metrics.SoFarAsync();
        return metrics;
    }

    /// <summary>One look at the meters, as numbers: see <see cref="MetricReadings.Flat"/>.</summary>
    public static async Task<IReadOnlyDictionary<string, double>> ReadAsync(int pid, params string[] meters)
    {
        await using var metrics = new ProcessMetrics(pid, meters);
        return (await metrics.SoFarAsync()).Flat();
    }

    /// <summary>Bytes on the managed heap, fragments included, after full collections.</summary>
    public static async Task<long> ManagedHeapAsync(int pid)
    {
        // The second one takes what the first one's finalizers let go.
        await CollectAsync(pid);
        await CollectAsync(pid);
        await using var metrics = new ProcessMetrics(pid, ["System.Runtime"]);
        return (long)(await metrics.SoFarAsync()).Sum("dotnet.gc.last_collection.heap.size");
    }

    /// <summary>A full blocking collection, waited for.</summary>
    public static async Task CollectAsync(int pid)
    {
        const long gc = 0x1, collect = 0x800000;
        using var session = new DiagnosticsClient(pid).StartEventPipeSession(
            [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, gc | collect)], requestRundown: false);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = Task.Factory.StartNew(
            () =>
            {
                using var source = new EventPipeEventSource(session.EventStream);
                var ours = -1;
                source.Clr.GCStart += start => ours = start is { Depth: 2, Type: GCType.NonConcurrentGC } && ours < 0 ? start.Count : ours;
                source.Clr.GCStop += stop =>
                {
                    if (stop.Count == ours)
                    {
                        done.TrySetResult();
                    }
                };
                source.Process();
            },
            TaskCreationOptions.LongRunning);
        await (await Task.WhenAny(done.Task, reading)).WaitAsync(Limit);
        await session.StopAsync(default);
        await reading;
        if (!done.Task.IsCompleted)
        {
            throw new InvalidOperationException($"Process {pid} ended before it had collected.");
        }
    }

    /// <summary>All that was measured before this call, and perhaps a little more: the next collection of values is waited for.</summary>
    public async Task<MetricReadings> SoFarAsync()
    {
        var answer = new TaskCompletionSource<MetricReadings>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_asked)
        {
            _asked.Add((DateTime.UtcNow, answer));
        }

        if (await Task.WhenAny(answer.Task, _reading).WaitAsync(Limit) == _reading)
        {
            await _reading;
            throw new InvalidOperationException("The process ended.");
        }

        return await answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _session.StopAsync(default);
        }
        catch (Exception e) when (e is ServerNotAvailableException or IOException)
        {
            // The process was killed: its stream ended by itself.
        }

        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
        _session.Dispose();
    }

    private void Read()
    {
        using var source = new EventPipeEventSource(_session.EventStream);
        source.Dynamic.AddCallbackForProviderEvents(
            (provider, _) => provider == Source ? EventFilterResponse.AcceptEvent : EventFilterResponse.RejectProvider, Told);
        source.Process();
    }

    private void Told(TraceEvent e)
    {
        if (e.EventName is "MultipleSessionsNotSupportedError")
        {
            throw new InvalidOperationException("Somebody else listens to this process' meters.");
        }

        if (e.PayloadByName("sessionId") as string != _id)
        {
            return;
        }

        switch (e.EventName)
        {
            case "Collection/Start":
                (_values, _histograms) = ([], []);
                break;
            case "CounterRateValuePublished" or "UpDownCounterRateValuePublished":
                Keep(e, "value");
                break;
            case "GaugeValuePublished":
                Keep(e, "lastValue");
                break;
            case "Base2ExponentialHistogramValuePublished":
                _histograms[Name(e)] = MetricHistogram.Read(
                    (int)e.PayloadByName("scale"), (double)e.PayloadByName("sum"), (long)e.PayloadByName("count"), (long)e.PayloadByName("zeroCount"),
                    (double)e.PayloadByName("minimum"), (double)e.PayloadByName("maximum"), (string)e.PayloadByName("buckets"));
                break;
            case "Collection/Stop":
                Answer((DateTime)e.PayloadByName("intervalEndTime"));
                break;
            case "Error" or "ObservableInstrumentCallbackError":
                throw new InvalidOperationException((string)e.PayloadByName("errorMessage"));
            case "TimeSeriesLimitReached" or "HistogramLimitReached":
                throw new InvalidOperationException($"Too much to listen to: {e.EventName}.");
        }
    }

    private void Keep(TraceEvent e, string field)
    {
        if (double.TryParse((string)e.PayloadByName(field), CultureInfo.InvariantCulture, out var value))
        {
            _values[Name(e)] = value;
        }
    }

    private void Answer(DateTime collected)
    {
        lock (_asked)
        {
            foreach (var asked in _asked.Where(asked => asked.After <= collected.ToUniversalTime()))
            {
                asked.Answer.TrySetResult(new MetricReadings(_values, _histograms));
            }

            _asked.RemoveAll(asked => asked.Answer.Task.IsCompleted);
        }
    }

    private static string Name(TraceEvent e) =>
        e.PayloadByName("tags") is string { Length: > 0 } tags ? $"{e.PayloadByName("instrumentName")}{{{tags}}}" : (string)e.PayloadByName("instrumentName");
}
