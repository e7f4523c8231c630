using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Sessions;

/// <summary>
/// On a system that <c>./run</c> has started: N sessions that stream at once, half over SSE and half over WebSockets, one answer each. Every
/// answer must come whole, every event in its place.
/// </summary>
internal static class LoadBench
{
    private const string Ttft = "aspireagent.turn.ttft";
    private const string Append = "aspireagent.log.append";
    private const string Coalesced = "aspireagent.reader.coalesced";
    private const string Ended = "aspireagent.gateway.connection.ended";
    private const int AtOnce = 32;
    private const long NoLimit = 1_000_000_000_000;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    /// <summary>Measures.</summary>
    /// <param name="sessions">How many.</param>
    /// <param name="drip">Milliseconds between an answer's tokens; 0: as fast as the simulator was told to be.</param>
    /// <param name="seconds">Over how long the inputs are spread; 0: all at once.</param>
    public static async Task RunAsync(int sessions, int drip, int seconds)
    {
        using var system = await RunningSystem.FindAsync();
        var budget = (long)(await system.Operator.GetFromJsonAsync<JsonObject>("/v1/budget"))!["limitTokens"]!;
        await LimitAsync(system, NoLimit);
        try
        {
            using var limit = new CancellationTokenSource(Within);
            var runs = new LoadRun[sessions];
            await Parallel.ForAsync(0, sessions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = limit.Token }, async (i, _) =>
                await (runs[i] = new LoadRun(await SessionClient.OpenAsync(system, isSocket: i % 2 == 1))).AttachAsync(limit.Token));
            if (drip > 0)
            {
                await system.OrderAsync(new { drip, count = sessions });
            }

            await MeasureAsync(system, runs, seconds, limit.Token);
        }
        finally
        {
            await LimitAsync(system, budget);
        }
    }

    private static async Task MeasureAsync(RunningSystem system, LoadRun[] runs, int seconds, CancellationToken cancellationToken)
    {
        var pods = (await system.PodsAsync("agent")).Concat(await system.PodsAsync("gateway"));
        var metrics = await Task.WhenAll(pods.Select(pod =>
            ProcessMetrics.ListenAsync((int)pod["pid"]!, "AspireAgent.Agent", "AspireAgent.Gateway")));
        var (asked, started) = (TimeProvider.System.GetUtcNow(), TimeProvider.System.GetTimestamp());
        var (work, own) = (system.Work(), Environment.CpuUsage.TotalTime);
        await Task.WhenAll(runs.Select(async (run, i) =>
        {
            await Task.Delay(TimeSpan.FromSeconds((double)seconds * i / runs.Length), TimeProvider.System, cancellationToken);
            await run.AskAsync(cancellationToken);
        }));
        var took = TimeProvider.System.GetElapsedTime(started);
        var (workAfter, ownAfter) = (system.Work(), Environment.CpuUsage.TotalTime);
        Report(runs, took, await Task.WhenAll(metrics.Select(pod => pod.SoFarAsync())), await ModelAsync(system, asked));
        var shares = workAfter.Select(service => string.Create(
            CultureInfo.InvariantCulture, $"{service.Key} {(service.Value - work[service.Key]) / took:0.00}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"processors: {string.Join(", ", shares)}, this bench {(ownAfter - own) / took:0.00} of {Environment.ProcessorCount}"));
        await Task.WhenAll(metrics.Select(pod => pod.DisposeAsync().AsTask()));
    }

    private static void Report(LoadRun[] runs, TimeSpan took, MetricReadings[] told, Latencies model)
    {
        var ttft = new Latencies();
        foreach (var run in runs.Where(run => run.FirstTokenAt > 0))
        {
            ttft.Add(TimeProvider.System.GetElapsedTime(run.AskedAt, run.FirstTokenAt));
        }

        var tokens = runs.Sum(run => run.Tokens);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{runs.Length} sessions, most streaming at once {MostAtOnce(runs)}; {took.TotalSeconds:0.0} s, {tokens} tokens, {tokens / took.TotalSeconds:0} tokens/s"));
        Console.WriteLine($"completed {runs.Count(run => run.End == "turn.completed")}, otherwise ended: {Otherwise(runs)}; events out of place {runs.Sum(run => run.Gaps)}");
        Console.WriteLine($"told as one with others {told.Sum(pod => pod.Sum(Coalesced))}; streams cut off by the gateway {told.Sum(CutOff)}");
        Console.WriteLine($"TTFT at the client       {ttft}");
        Console.WriteLine($"TTFT at the pod          {Tell(told, Ttft)}");
        Console.WriteLine($"first token of the model {model}");
        Console.WriteLine($"append to the log        {Tell(told, Append)}");
    }

    // What the simulator itself took, of the requests since then.
    private static async Task<Latencies> ModelAsync(RunningSystem system, DateTimeOffset since)
    {
        var latencies = new Latencies();
        foreach (var request in (await system.Model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!)
        {
            if ((DateTimeOffset)request["startedAt"]! >= since && (DateTimeOffset?)request["firstTokenAt"] is { } first)
            {
                latencies.Add(first - (DateTimeOffset)request["startedAt"]!);
            }
        }

        return latencies;
    }

    private static string Tell(MetricReadings[] told, string instrument)
    {
        var whole = MetricHistogram.Merge(told.Select(pod => pod.Histogram(instrument)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"p50 {whole.At(0.5) * 1_000,7:0.00} ms   p95 {whole.At(0.95) * 1_000,7:0.00} ms   p99 {whole.At(0.99) * 1_000,7:0.00} ms   max {whole.At(1) * 1_000,7:0.00} ms   n {whole.Count}");
    }

    private static double CutOff(MetricReadings pod) =>
        pod.Values.Where(value => value.Key.StartsWith(Ended, StringComparison.Ordinal) && !value.Key.Contains("=done", StringComparison.Ordinal)).Sum(value => value.Value);

    private static string Otherwise(LoadRun[] runs) => string.Join(", ", runs.Where(run => run.End != "turn.completed")
        .GroupBy(run => run.Failure).Select(group => $"{group.Count()} {group.Key}").DefaultIfEmpty("none"));

    // From each answer's first token to its end.
    private static int MostAtOnce(LoadRun[] runs)
    {
        var (now, most) = (0, 0);
        foreach (var (_, step) in runs.Where(run => run.FirstTokenAt > 0).SelectMany(run => new[] { (At: run.FirstTokenAt, Step: 1), (At: run.EndedAt, Step: -1) }).OrderBy(change => change.At))
        {
            now += step;
            most = Math.Max(most, now);
        }

        return most;
    }

    private static async Task LimitAsync(RunningSystem system, long limitTokens)
    {
        using var limited = await system.Operator.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens });
        limited.EnsureSuccessStatusCode();
    }
}
