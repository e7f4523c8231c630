using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Sessions;

/// <summary>How the session leaves this pod: when it is quiet, at once, or because it is lost.</summary>
internal sealed partial class Session
{
    /// <summary>No turn begins any more. Completes when none runs.</summary>
    public Task LeaveAsync()
    {
        lock (_lock)
        {
            _leaving = true;
            return _active?.Ended ?? Task.CompletedTask;
        }
    }

    /// <summary>It does not leave after all.</summary>
    public void Stay()
    {
        _leaving = false;
        GoOn(SessionMoved.Drain); // with what was to begin meanwhile
    }

    /// <summary>
    /// Cancels what runs here, writes what waits, and lets go of the session: any pod may go on with it, and is told
    /// <paramref name="why"/>.
    /// </summary>
    public async Task HandOverAsync(string why)
    {
        End();
        await _writer.HandOverAsync(why);
    }

    /// <summary>Somebody else has the session: whatever this pod does in it ends at once.</summary>
    public void Lose()
    {
        _writer.Lose();
        End();
    }

    /// <summary>Cancels what runs, writes what waits and lets go of everything; the log stays as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await _writer.DisposeAsync();
    }

    private void End()
    {
        lock (_destroyed)
        {
            _destroyed.OnNext(true);
            _destroyed.OnCompleted();
        }

        Presence.Dispose();
        _turns.Dispose();
        _config.Dispose();
        lock (_lock)
        {
            _active?.End(); // one that was to go on and now does not
        }
    }

    // A session that cannot answer any more is not kept: the next call takes it anew.
    private void Break(Exception exception)
    {
        LogPipelineBroke(_services.Logger, Grant.Session, exception);
        _ = _writer.DisposeAsync().AsTask();
    }
}
