namespace AspireAgent.Signals.Publishing;

/// <summary>Publishes a snapshot in Redis as it stands; an empty store gets <paramref name="seed"/> as its revision 1.</summary>
public abstract class SnapshotSource<T>(SignalSnapshots<T> snapshots, T seed) : ISignalSource<T>
{
    /// <inheritdoc />
    public async Task<SignalValue<T>> ReadAsync(CancellationToken cancellationToken) =>
        await snapshots.ReadAsync() ?? await snapshots.UpdateAsync(now => now is null ? seed : now);

    /// <inheritdoc />
    public Task<IAsyncDisposable> OnWakeAsync(Action woken) => snapshots.OnWakeAsync(woken);
}
