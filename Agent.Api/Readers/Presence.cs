using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Readers;

/// <summary>
/// Whether a client is there that reads a session, and what is due when the last one has left without a stop (a disconnect is not
/// a stop): what runs goes on for as long as the configuration says, or is cancelled.
/// </summary>
/// <remarks>
/// A session that nobody ever read, on this pod, has nobody to leave it: its turns run to their end.
/// </remarks>
internal sealed class Presence(Func<DisconnectConfig> policy, Action giveUp, TimeProvider time) : IDisposable
{
    /// <summary>A client that a gateway takes over from another, or that a network drops, is back within this.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ITimer? _due;
    private bool _isOver;

    public void Come()
    {
        lock (_lock)
        {
            _due?.Dispose();
            _due = null;
        }
    }

    /// <summary>A client has spoken that does not read: the time that it is given begins anew.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            if (_due is null)
            {
                return;
            }
        }

        Leave();
    }

    public void Leave()
    {
        var disconnect = policy();
        var wait = disconnect.Policy is DisconnectPolicy.Cancel ? TimeSpan.Zero : TimeSpan.FromSeconds(disconnect.ContinueSeconds);
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _due?.Dispose();
            _due = time.CreateTimer(_ => giveUp(), null, wait > Grace ? wait : Grace, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _due?.Dispose();
            _due = null;
        }
    }
}
