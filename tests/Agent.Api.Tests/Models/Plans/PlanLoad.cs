using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reactive.Linq;
using AspireAgent.Streams.Breakers;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>Asks a plan for answers at a steady rate, however long each of them takes, and looks at its health meanwhile.</summary>
internal sealed class PlanLoad(PlanBed bed, int perSecond, int tokens)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentQueue<LoadedAnswer> _answers = new();
    private readonly List<Task> _calls = [];

    public DateTimeOffset Start { get; } = DateTimeOffset.UtcNow;

    /// <summary>Since <see cref="Start"/>.</summary>
    public TimeSpan Now => _clock.Elapsed;

    public List<LoadSample> Samples { get; } = [];

    /// <summary>One call of each route, so that none of what follows pays for the first connection and the compiler.</summary>
    public async Task WarmUpAsync()
    {
        foreach (var route in bed.Plan.Routes)
        {
            await bed.Speak(tokens, [route]).LastAsync();
        }
    }

    /// <summary>Keeps asking for so long and, where it is told, until it is so.</summary>
    public async Task RunAsync(string phase, TimeSpan time, Func<bool>? until = null)
    {
        var (begin, count, limit) = (Now, 0, time + TimeSpan.FromMinutes(3));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (Now - begin < time || until?.Invoke() is false)
        {
            Assert.True(Now - begin < limit, $"'{phase}' does not end.");
            await timer.WaitForNextTickAsync();
            Samples.Add(new LoadSample(Now, bed.Primary.State, bed.Fallback.FallbackCalls));
            for (; count < (Now - begin).TotalSeconds * perSecond; count++)
            {
                var at = Now;
                _calls.Add(Task.Run(() => CallAsync(phase, at)));
            }
        }
    }

    /// <summary>All answers, as soon as the last is there; in the order in which they were asked for.</summary>
    public async Task<IReadOnlyList<LoadedAnswer>> EndAsync()
    {
        await Task.WhenAll(_calls).WaitAsync(TimeSpan.FromSeconds(60));
        return [.. _answers.OrderBy(answer => answer.At)];
    }

    private async Task CallAsync(string phase, TimeSpan at)
    {
        var (route, firstWord, error) = ("", TimeSpan.Zero, (Exception?)null);
        try
        {
            await bed.Speak(tokens, bed.Plan.Routes).Do(spoken =>
            {
                if (route.Length == 0)
                {
                    (route, firstWord) = (spoken.Route.Name, Now - at);
                }
            }).LastAsync();
        }
        catch (Exception exception)
        {
            error = exception;
        }

        _answers.Enqueue(new LoadedAnswer(phase, at, route, firstWord, error));
    }
}

/// <summary>What came of one call.</summary>
/// <param name="Phase">In which it was asked for.</param>
/// <param name="At">When.</param>
/// <param name="Route">Who gave it.</param>
/// <param name="FirstWord">How long that took.</param>
/// <param name="Error">Why it was not given, or not whole.</param>
internal sealed record LoadedAnswer(string Phase, TimeSpan At, string Route, TimeSpan FirstWord, Exception? Error);

/// <summary>The plan's health at an instant.</summary>
internal sealed record LoadSample(TimeSpan At, BreakerState Primary, int FallbackCalls);
