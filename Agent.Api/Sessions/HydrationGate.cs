namespace AspireAgent.Agent.Sessions;

/// <summary>
/// Bounds how many sessions are hydrated at the same time, so that the pod that inherits hundreds goes on answering; sessions in
/// which a turn runs come first.
/// </summary>
internal sealed class HydrationGate(int places)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _urgent = new();
    private readonly Queue<Waiter> _others = new();
    private int _free = places;

    /// <summary>Takes a place, given back when the result is disposed.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before there was one.</exception>
    public async Task<IDisposable> EnterAsync(bool isUrgent, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return new Place(this);
            }

            waiter = new Waiter();
            (isUrgent ? _urgent : _others).Enqueue(waiter);
        }

        await using var cancelled = cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken));
        await waiter.Task;
        return new Place(this);
    }

    private void Leave()
    {
        lock (_lock)
        {
            // Who has gone meanwhile cannot take the place.
            while (_urgent.TryDequeue(out var next) || _others.TryDequeue(out next))
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Place(HydrationGate gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                gate.Leave();
            }
        }
    }
}
