namespace AspireAgent.Bench.Admission;

/// <summary>What a run of decisions took.</summary>
/// <param name="PerSecond">Of all threads or callers together.</param>
/// <param name="Nanoseconds">From one decision to the next of the same thread; where many are in flight, of all.</param>
/// <param name="PerSecondPerCore">By the number of threads that decided, or by one where a connection does.</param>
/// <param name="Bytes">Allocated by this process, each.</param>
internal sealed record Decisions(double PerSecond, double Nanoseconds, double PerSecondPerCore, double Bytes)
{
    /// <summary>Each thread decides so many times.</summary>
    public static async Task<Decisions> OnThreadsAsync(int threads, int each, Action<int> decide)
    {
        var (bytes, began) = (GC.GetTotalAllocatedBytes(precise: true), TimeProvider.System.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () => decide(each), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return Of(began, bytes, (long)threads * each, threads);
    }

    /// <summary>So many callers, each of which awaits its answer before it asks again.</summary>
    public static async Task<Decisions> InFlightAsync(int callers, int count, Func<Task> decide)
    {
        var left = count;
        var (bytes, began) = (GC.GetTotalAllocatedBytes(precise: true), TimeProvider.System.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await decide();
            }
        }));
        return Of(began, bytes, count, 1);
    }

    /// <summary>The run in the middle by speed.</summary>
    public static Decisions Median(IReadOnlyCollection<Decisions> runs) => runs.OrderBy(run => run.PerSecond).ElementAt(runs.Count / 2);

    private static Decisions Of(long began, long bytes, long count, int cores)
    {
        var (seconds, allocated) = (TimeProvider.System.GetElapsedTime(began).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - bytes);
        return new Decisions(count / seconds, seconds * 1e9 / count * cores, count / seconds / cores, (double)allocated / count);
    }
}
