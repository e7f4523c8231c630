namespace AspireAgent.Agent.Admission;

/// <summary>Wakes the sync loop.</summary>
internal sealed class SyncBell
{
    private volatile TaskCompletionSource _rung = New();

    /// <summary>Completes with the next ring since <see cref="Reset"/>.</summary>
    public Task Rung => _rung.Task;

    public void Ring() => _rung.TrySetResult();

    /// <summary>To be called before one looks for what there is to do: what comes later rings again.</summary>
    public void Reset()
    {
        if (_rung.Task.IsCompleted)
        {
            _rung = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
