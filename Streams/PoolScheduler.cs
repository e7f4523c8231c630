using System.Reactive.Concurrency;

namespace AspireAgent.Streams;

/// <summary>The thread pool as a scheduler for <c>ObserveOn</c>.</summary>
public static class PoolScheduler
{
    /// <summary>
    /// Runs what is there and gives the thread back. <see cref="TaskPoolScheduler.Default"/> keeps a thread of its own for each
    /// <c>ObserveOn</c> as long as it is subscribed, which for thousands of sessions is thousands of threads.
    /// </summary>
    public static IScheduler Instance { get; } = TaskPoolScheduler.Default.DisableOptimizations(typeof(ISchedulerLongRunning));
}
