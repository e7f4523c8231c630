using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>
/// Calls at a steady pace, however long each takes, all of one length: tokens go as the pace does. A pace that was missed, since the
/// machine had no time, is made up for.
/// </summary>
internal sealed class CostBreakerLoad : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private static readonly string Question = string.Concat(Enumerable.Repeat("tell me ", 250));

    private readonly HttpClient _client;
    private readonly PeriodicTimer _timer = new(Tick);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Task, bool> _running = [];
    private readonly Task _calling;
    private volatile Pace _pace;

    public CostBreakerLoad(HttpClient client, double perSecond)
    {
        (_client, _pace) = (client, new Pace(Stopwatch.GetTimestamp(), perSecond));
        _calling = CallAsync();
    }

    /// <summary>How the calls since the last change of pace have ended.</summary>
    public ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)> Ended => _pace.Ended;

    /// <summary>The slowest of them.</summary>
    public TimeSpan Slowest => _pace.Ended.Select(call => call.Took).DefaultIfEmpty().Max();

    /// <summary>From now on so many a second, the first one at once.</summary>
    public void Change(double perSecond) => _pace = new Pace(Stopwatch.GetTimestamp(), perSecond);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _calling;
        await _end.CancelAsync();
        await Task.WhenAll(_running.Keys);
        _end.Dispose();
        _client.Dispose();
    }

    private async Task CallAsync()
    {
        var (last, made) = (_pace, 0);
        do
        {
            var pace = _pace;
            made = pace == last ? made : 0;
            for (last = pace; made < 1 + (Stopwatch.GetElapsedTime(pace.Since).TotalSeconds * pace.PerSecond); made++)
            {
                var call = OnceAsync(pace);
                _running[call] = true;
                _ = call.ContinueWith(done => _running.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        while (await _timer.WaitForNextTickAsync()); // until it is disposed of
    }

    private async Task OnceAsync(Pace pace)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            using var answered = await _client.PostAsJsonAsync(
                "/v1/chat/completions",
                new { model = "agent", max_tokens = 3, messages = new[] { new { role = "user", content = Question } } }, _end.Token);
            pace.Ended.Enqueue((answered.StatusCode, Stopwatch.GetElapsedTime(began)));
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private sealed class Pace(long since, double perSecond)
    {
        public long Since { get; } = since;

        public double PerSecond { get; } = perSecond;

        public ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)> Ended { get; } = [];
    }
}
