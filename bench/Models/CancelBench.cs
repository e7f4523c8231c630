using AspireAgent.Agent.Tests.Cancellation;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Models;

/// <summary>
/// From a session's stop to the instant when the simulator has seen the last of its turn's connections closed; and in a hedge that is
/// decided from the winner's first word, as it is sent, to the loser's closed connection. The pod is in this process, as the tests of
/// cancellation have it: one machine, one clock.
/// </summary>
internal static class CancelBench
{
    private const int WarmUp = 50;
    private const int Tries = 500;

    // The simulator tells its times by the millisecond, cut off: what is measured is at most this.
    private static readonly TimeSpan Told = TimeSpan.FromMilliseconds(1);

    public static async Task RunAsync()
    {
        await using var system = await CancellationSystem.StartAsync(RedisKind.Server);
        foreach (var atOnce in new[] { 1, 50 })
        {
            foreach (var act in Act.All)
            {
                var (stopped, lost) = (new Latencies(), new Latencies());
                for (var done = -WarmUp; done < Tries; done += atOnce)
                {
                    await MeasureAsync(system, act, atOnce, done < 0 ? new Latencies() : stopped, done < 0 ? new Latencies() : lost);
                }

                Console.WriteLine($"{atOnce,2} at once  {act.Name,-21}  stop to closed  {stopped}");
                if (lost.Count > 0)
                {
                    Console.WriteLine($"{atOnce,2} at once  {act.Name,-21}  won to closed   {lost}");
                }
            }
        }
    }

    private static async Task MeasureAsync(CancellationSystem system, Act act, int atOnce, Latencies stopped, Latencies lost)
    {
        var tries = await system.ReachAsync(act, atOnce);
        var stops = await Task.WhenAll(tries.Select(async one =>
        {
            var at = TimeProvider.System.GetUtcNow();
            await one.EndAsync(Cause.Stop);
            return (one.Key, At: at);
        }));
        await system.SeenAsync(tries, Cause.Stop);
        var seen = await system.Log.ReadAsync();
        foreach (var (key, at) in stops)
        {
            var closed = seen[key].Where(call => call.CancelledAt is not null).ToLookup(call => act.Open.Contains(call.Name));
            stopped.Add(closed[true].Max(call => call.CancelledAt!.Value) - at + Told);
            foreach (var loser in closed[false])
            {
                lost.Add(loser.CancelledAt!.Value - WonAt(seen[key], loser) + Told);
            }
        }

        await Task.WhenAll(tries.Select(one => one.DisposeAsync().AsTask()));
        await system.CalmAsync();
        await system.Log.ForgetAsync();
    }

    // A tool's first word is its last.
    private static DateTimeOffset WonAt(IEnumerable<SeenCall> calls, SeenCall loser) => loser.IsTool
        ? calls.Single(call => call.IsTool && call != loser).EndedAt!.Value
        : calls.Single(call => call != loser).FirstTokenAt!.Value;
}
