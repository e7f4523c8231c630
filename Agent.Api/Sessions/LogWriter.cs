using System.Text.Json.Nodes;
using System.Threading.Channels;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Sessions;

/// <summary>
/// Group commit: one append is in flight, what arrives meanwhile is the next batch; there is no timer. An event reaches the
/// tail, and so any reader, only when Redis has acknowledged it (I1).
/// </summary>
internal sealed partial class LogWriter : IAsyncDisposable
{
    /// <summary>Most events of one append, and most that may wait before the model is no longer pulled.</summary>
    public const int BatchCap = 256;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(10);

    private readonly Channel<Waiting> _waiting = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });
    private readonly SessionLog _log;
    private readonly WriteGrant _grant;
    private readonly SessionFacts _facts;
    private readonly TimeSpan _timeToLive;
    private readonly TimeProvider _time;
    private readonly AgentMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Task<SessionEndReason> _loop;
    private long _enqueued;

    public LogWriter(
        SessionLog log, WriteGrant grant, SessionFacts facts, TimeSpan timeToLive, TimeProvider time, AgentMetrics metrics, ILogger logger)
    {
        (_log, _grant, _facts, _timeToLive, _time, _metrics, _logger) = (log, grant, facts, timeToLive, time, metrics, logger);
        _enqueued = grant.LastSeq;
        Tail = new LogTail(grant.LastSeq);
        _loop = Task.Run(WriteAsync);
    }

    /// <summary>What is acknowledged.</summary>
    public LogTail Tail { get; }

    /// <summary>Ends when nothing more can be written, with the reason.</summary>
    public Task<SessionEndReason> Ended => _loop;

    /// <summary>Hands over an event that bears its seq already, and the state after it. Calls come in the order of seq, one at a time.</summary>
    public void Enqueue(SessionEvent happened, SessionState after)
    {
        Volatile.Write(ref _enqueued, happened.Seq);
        _waiting.Writer.TryWrite(happened is ConfigChanged
            ? new Waiting(happened, after.ConfigPatch, after.ConfigRevision)
            : new Waiting(happened, null, 0));
    }

    /// <summary>Completes when the log holds <paramref name="seq"/>; false: it never will.</summary>
    public async Task<bool> AcknowledgedAsync(long seq, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Tail.Changed;
            if (Tail.LastSeq >= seq)
            {
                return true;
            }

            if (Tail.IsEnded)
            {
                return false;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Completes when fewer than <see cref="BatchCap"/> events wait: back-pressure on whoever makes them.</summary>
    public async ValueTask RoomAsync(CancellationToken cancellationToken)
    {
        var mustBeSaved = Volatile.Read(ref _enqueued) - BatchCap;
        if (Tail.LastSeq < mustBeSaved)
        {
            await AcknowledgedAsync(mustBeSaved, cancellationToken);
        }
    }

    /// <summary>Writes what waits, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop;
    }

    private async Task<SessionEndReason> WriteAsync()
    {
        var reason = SessionEndReason.Closed;
        var batch = new List<LoggedEvent>(BatchCap);
        Waiting? config = null;
        try
        {
            while (reason is SessionEndReason.Closed && await _waiting.Reader.WaitToReadAsync())
            {
                batch.Clear();
                config = null;
                while (batch.Count < BatchCap && _waiting.Reader.TryRead(out var next))
                {
                    batch.Add(LoggedEvent.Of(next.Happened));
                    config = next.Config is null ? config : next;
                }

                reason = await AppendAsync(batch, config);
            }
        }
        finally
        {
            Tail.End();
        }

        return reason;
    }

    private async Task<SessionEndReason> AppendAsync(List<LoggedEvent> batch, Waiting? config)
    {
        var id = Guid.NewGuid().ToString("N");
        var events = new LogBatch([.. batch.Select(logged => logged.Json)], config?.Config, config?.ConfigRevision ?? 0);
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                var outcome = await _log.AppendAsync(_grant, batch[0].Seq, id, _facts, _timeToLive, events);
                if (outcome is AppendOutcome.Ok)
                {
                    _metrics.Appended(_time.GetElapsedTime(started), batch.Count);
                    Tail.Add(batch);
                    return SessionEndReason.Closed;
                }

                LogRefused(_grant.Session, outcome);
                return outcome is AppendOutcome.Fenced ? SessionEndReason.Fenced : SessionEndReason.Gap;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                if (_time.GetElapsedTime(started) > GiveUpAfter)
                {
                    LogGaveUp(_grant.Session, exception.GetType().Name);
                    return SessionEndReason.StoreUnreachable;
                }

                await Task.Delay(RetryEvery, _time, CancellationToken.None);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An append to session {Session} was refused: {Outcome}.")]
    private partial void LogRefused(string session, AppendOutcome outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "The log of session {Session} cannot be written ({Reason}); it ends here.")]
    private partial void LogGaveUp(string session, string reason);

    private sealed record Waiting(SessionEvent Happened, JsonObject? Config, long ConfigRevision);
}

/// <summary>Why a pod no longer writes a session.</summary>
internal enum SessionEndReason
{
    /// <summary>It was closed or put aside here, all written.</summary>
    Closed,

    /// <summary>Another pod took it.</summary>
    Fenced,

    /// <summary>The log is not where it was left.</summary>
    Gap,

    /// <summary>Redis did not answer for too long.</summary>
    StoreUnreachable,
}
