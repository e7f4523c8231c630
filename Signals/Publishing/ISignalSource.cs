namespace AspireAgent.Signals.Publishing;

/// <summary>Where a publisher reads the value that it publishes.</summary>
public interface ISignalSource<T>
{
    /// <summary>The value now. Revisions never go back.</summary>
    Task<SignalValue<T>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Calls <paramref name="woken"/> when a read is worth while before the next regular one.</summary>
    Task<IAsyncDisposable> OnWakeAsync(Action woken);
}
