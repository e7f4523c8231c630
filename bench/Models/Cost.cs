namespace AspireAgent.Bench.Models;

/// <summary>What one turn costs this process.</summary>
/// <param name="Elapsed">Time to the next one, of all sessions together; microseconds.</param>
/// <param name="Work">Processor time; microseconds.</param>
/// <param name="Bytes">Allocated.</param>
internal sealed record Cost(double Elapsed, double Work, double Bytes)
{
    /// <summary>Of a number of sessions that take so many turns altogether, each one after the other.</summary>
    public static async Task<Cost> MeasureAsync(Func<Task> turn, int sessions, int turns)
    {
        var left = turns;
        var (bytes, work, began) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, TimeProvider.System.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, sessions).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await turn();
            }
        })));
        return new Cost(
            TimeProvider.System.GetElapsedTime(began).TotalMicroseconds / turns,
            (Environment.CpuUsage.TotalTime - work).TotalMicroseconds / turns,
            (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)turns);
    }

    /// <summary>The median of each.</summary>
    public static Cost Median(IReadOnlyCollection<Cost> costs) => new(
        Middle(costs.Select(cost => cost.Elapsed)), Middle(costs.Select(cost => cost.Work)), Middle(costs.Select(cost => cost.Bytes)));

    public static Cost operator -(Cost one, Cost other) => new(one.Elapsed - other.Elapsed, one.Work - other.Work, one.Bytes - other.Bytes);

    public static Cost operator /(Cost cost, double by) => new(cost.Elapsed / by, cost.Work / by, cost.Bytes / by);

    private static double Middle(IEnumerable<double> values) => values.Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;
}
