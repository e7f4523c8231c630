using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using AspireAgent.Gateway.Routing;

namespace AspireAgent.Gateway.Draining;

/// <summary>Why a client's stream ended.</summary>
internal enum ConnectionEnd
{
    /// <summary>It is over, or the client has left.</summary>
    Done,

    /// <summary>Nothing was said on it for too long.</summary>
    Idle,

    /// <summary>The client did not read.</summary>
    Stuck,

    /// <summary>This gateway goes.</summary>
    Drained,

    /// <summary>No agent went on with the session.</summary>
    Unavailable,
}

/// <summary>One client's stream, from its opening to its end.</summary>
internal sealed class Connection(
    IDisposable place, IDisposable counted, Func<DrainStatus?> drain, Action abort, GatewayMetrics metrics, ConnectionOptions options,
    TimeProvider time, CancellationToken closing) : IDisposable
{
    private readonly long _openedAt = time.GetTimestamp();
    private long _usedAt = time.GetTimestamp();
    private ConnectionEnd _end;

    /// <summary>Cancelled when this gateway goes: the stream ends, and the client comes back elsewhere.</summary>
    public CancellationToken Closing { get; } = closing;

    /// <summary>Why it ended, as far as it has.</summary>
    public ConnectionEnd End => _end is ConnectionEnd.Done && Closing.IsCancellationRequested ? ConnectionEnd.Drained : _end;

    /// <summary>The client has said something.</summary>
    public void Use() => Volatile.Write(ref _usedAt, time.GetTimestamp());

    /// <summary>
    /// The same frames, and, where the client is <paramref name="told"/> of it, a notice once this gateway drains and the stream is
    /// old enough. Ends where nothing was said for too long; a client that does not take what it is handed is cut off.
    /// </summary>
    public async IAsyncEnumerable<SessionFrame> WatchAsync(
        IAsyncEnumerable<SessionFrame> frames, [EnumeratorCancellation] CancellationToken cancellationToken, bool told = true)
    {
        await using var stuck = CutOffLater(Timeout.InfiniteTimeSpan);
        DateTimeOffset? noticed = null;
        await foreach (var frame in frames.WithCancellation(cancellationToken))
        {
            if (frame.Type != SessionFrame.Ping)
            {
                Use();
            }

            _end = frame == SessionFrame.Unavailable ? ConnectionEnd.Unavailable : _end;
            stuck.Change(options.StuckTimeout, Timeout.InfiniteTimeSpan);
            yield return frame;
            if (told && drain() is { } now && now.HardAt != noticed && time.GetElapsedTime(_openedAt).TotalSeconds >= now.SoftSeconds)
            {
                noticed = now.HardAt;
                metrics.Noticed();
                yield return Notice(now);
            }

            stuck.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (time.GetElapsedTime(Volatile.Read(ref _usedAt)) > options.IdleTimeout)
            {
                _end = ConnectionEnd.Idle;
                yield break;
            }
        }
    }

    /// <summary>Cuts a client off that does not take what is written to it meanwhile.</summary>
    public ITimer Writing() => CutOffLater(options.StuckTimeout);

    public void Dispose()
    {
        metrics.Ended(End);
        counted.Dispose();
        place.Dispose();
    }

    private static SessionFrame Notice(DrainStatus drain) => new(
        SessionFrame.Notice,
        new JsonObject
        {
            ["type"] = SessionFrame.Notice,
            ["notice"] = "maintenance",
            ["message"] = "This connection will be closed for maintenance. Please refresh: nothing is lost.",
            ["closesAt"] = UtcMillisecondsConverter.Write(drain.HardAt),
        }.ToJsonString(),
        null);

    private ITimer CutOffLater(TimeSpan after) => time.CreateTimer(
        _ =>
        {
            _end = ConnectionEnd.Stuck;
            abort();
        },
        null, after, Timeout.InfiniteTimeSpan);
}
