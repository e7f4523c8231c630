namespace AspireAgent.Bench.Signals;

/// <summary>Something that carries a write to many subscribers.</summary>
internal interface IFanout : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Connects the subscribers and waits until each hears.</summary>
    Task SubscribeAsync(int count);

    /// <summary>
    /// Writes once. Returns when every subscriber has applied it: the instants when the write was sent and accepted, and when the last
    /// subscriber had it.
    /// </summary>
    Task<Written> WriteAsync();
}

/// <summary>Timestamps of one write.</summary>
internal readonly record struct Written(long Sent, long Accepted, long LastApplied);

/// <summary>Counts the subscribers that have applied a write.</summary>
internal sealed class Arrivals(int subscribers)
{
    private readonly TaskCompletionSource<long> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = subscribers;

    public Task<long> All => _all.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public void Applied()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
        {
            _all.SetResult(TimeProvider.System.GetTimestamp());
        }
    }
}
