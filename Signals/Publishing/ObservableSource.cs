namespace AspireAgent.Signals.Publishing;

/// <summary>
/// Any stream of values as the source of a signal. Values are numbered as they come, from the present time on (milliseconds since
/// 1970), so that a restarted process goes on above what it said before. The stream's end or failure leaves the last value standing.
/// </summary>
/// <param name="values">Subscribed once, when the publisher starts.</param>
/// <param name="time">The clock of the first number.</param>
public sealed class ObservableSource<T>(IObservable<T> values, TimeProvider time) : ISignalSource<T>
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile SignalValue<T>? _latest;

    /// <inheritdoc />
    public async Task<SignalValue<T>> ReadAsync(CancellationToken cancellationToken)
    {
        await _first.Task.WaitAsync(cancellationToken);
        return _latest!;
    }

    /// <inheritdoc />
    public Task<IAsyncDisposable> OnWakeAsync(Action woken) =>
        Task.FromResult<IAsyncDisposable>(new Subscription(values.Subscribe(value => Take(value, woken), _ => { })));

    private void Take(T value, Action woken)
    {
        _latest = new SignalValue<T>((_latest?.Revision ?? time.GetUtcNow().ToUnixTimeMilliseconds()) + 1, value);
        _first.TrySetResult();
        woken();
    }

    private sealed class Subscription(IDisposable inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            inner.Dispose();
            return default;
        }
    }
}
