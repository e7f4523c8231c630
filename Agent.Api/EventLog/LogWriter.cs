using System.Threading.Channels;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.EventLog;

/// <summary>
/// What a writer of one session's log is given; at the end whether something runs or waits in the session, and whether the pod's busy
/// set has it already.
/// </summary>
internal sealed record LogWriterSettings(
    SessionLog Log, BusySessions Busy, WriteGrant Grant, SessionFacts Facts, WriterHistory Writers, TimeSpan TimeToLive, int KeptTurns,
    TimeProvider Time, AgentMetrics Metrics, ILogger Logger, bool IsBusy = false, bool IsListed = false);

/// <summary>
/// Group commit: one append is in flight, what arrives meanwhile is the next batch; there is no timer. An event reaches the
/// tail, and so any reader, only when Redis has acknowledged it (I1). At a turn's end it writes a checkpoint and trims the log.
/// </summary>
internal sealed partial class LogWriter : IAsyncDisposable
{
    /// <summary>Most events of one append, and most that may wait before the model is no longer pulled.</summary>
    public const int BatchCap = 256;

    // A long conversation is not written whole for each short turn: what is written again is a fixed share of what is new.
    private const int CheckpointShare = 4;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(10);

    private readonly Channel<(SessionEvent Happened, SessionState After)> _waiting = Channel.CreateUnbounded<(SessionEvent Happened, SessionState After)>(new() { SingleReader = true });
    private readonly LogWriterSettings _settings;
    private readonly Task<SessionEndReason> _loop;
    private long _enqueued;
    private long _firstKept;
    private string? _handOver;
    private volatile bool _lost;
    private bool _isBusy; // by what the log holds
    private bool _isListed; // in this pod's busy set, as far as we know
    private long _sinceCheckpoint;
    private long _checkpointSize;

    public LogWriter(LogWriterSettings settings)
    {
        _settings = settings;
        _enqueued = settings.Grant.LastSeq;
        _firstKept = settings.Grant.FirstKept;
        (_isBusy, _isListed) = (settings.IsBusy, settings.IsListed);
        Tail = new LogTail(settings.Grant.LastSeq);
        _loop = Task.Run(WriteAsync);
    }

    /// <summary>What is acknowledged.</summary>
    public LogTail Tail { get; }

    /// <summary>Oldest seq that the log holds.</summary>
    public long FirstKept => Volatile.Read(ref _firstKept);

    /// <summary>Ends when nothing more can be written, with the reason.</summary>
    public Task<SessionEndReason> Ended => _loop;

    private WriteGrant Grant => _settings.Grant;

    /// <summary>Hands over an event that bears its seq already, and the state after it. Calls come in the order of seq, one at a time.</summary>
    public void Enqueue(SessionEvent happened, SessionState after)
    {
        Volatile.Write(ref _enqueued, happened.Seq);
        _waiting.Writer.TryWrite((happened, after));
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

    /// <summary>Somebody else has the session: nothing more is written.</summary>
    public void Lose()
    {
        _lost = true;
        _waiting.Writer.TryComplete();
    }

    /// <summary>Writes what waits, lets go of the session, and ends; only then readers are told to look elsewhere.</summary>
    public async ValueTask HandOverAsync(string why)
    {
        Volatile.Write(ref _handOver, why);
        await DisposeAsync();
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
        var batch = new LogWriterBatch();
        try
        {
            while (reason is SessionEndReason.Closed && !_lost && await _waiting.Reader.WaitToReadAsync())
            {
                batch.Clear();
                while (batch.Events.Count < BatchCap && _waiting.Reader.TryRead(out var next))
                {
                    batch.Add(next.Happened, next.After);
                }

                reason = batch.Events.Count == 0 ? reason : await AppendAsync(batch);
                if (reason is SessionEndReason.Closed)
                {
                    await AfterwardsAsync(batch);
                }
            }

            return _lost ? SessionEndReason.Fenced : await LetGoAsync(reason);
        }
        catch (Exception exception)
        {
            LogBroke(_settings.Logger, Grant.Session, exception); // whatever it is, nobody waits for this writer for ever
            return SessionEndReason.Broken;
        }
        finally
        {
            Tail.End();
        }
    }

    private async Task<SessionEndReason> AppendAsync(LogWriterBatch batch)
    {
        var id = Guid.NewGuid().ToString("N");
        var last = batch.Last!;
        var events = new LogBatch(
            [.. batch.Events.Select(logged => logged.Json)], last.Running?.Id, batch.ChangesConfig ? last.ConfigPatch : null, last.ConfigRevision);
        var started = _settings.Time.GetTimestamp();
        var outcome = await UntilAnsweredAsync(async () =>
        {
            var busy = batch.IsBusy && !_isListed ? _settings.Busy.AddAsync(Grant.Session) : Task.CompletedTask;
            var append = _settings.Log.AppendAsync(Grant, batch.Events[0].Seq, id, _settings.Facts, _settings.TimeToLive, events);
            await Task.WhenAll(busy, append); // one after the other on the wire, one wait for both
            return await append;
        });
        if (outcome is AppendOutcome.Ok)
        {
            (_isBusy, _isListed) = (last.IsBusy, _isListed || batch.IsBusy);
            _settings.Metrics.Appended(_settings.Time.GetElapsedTime(started), batch.Events.Count);
            Tail.Add(batch.Events);
            return SessionEndReason.Closed;
        }

        if (outcome is { } refused)
        {
            LogRefused(_settings.Logger, Grant.Session, refused);
        }

        return outcome switch
        {
            AppendOutcome.Fenced => SessionEndReason.Fenced,
            AppendOutcome.Gap => SessionEndReason.Gap,
            _ => _lost ? SessionEndReason.Fenced : SessionEndReason.StoreUnreachable,
        };
    }

    // Safe to repeat is what is called here. Null: the session is lost, or Redis was away for too long.
    private async Task<AppendOutcome?> UntilAnsweredAsync(Func<Task<AppendOutcome>> call)
    {
        var started = _settings.Time.GetTimestamp();
        while (!_lost)
        {
            try
            {
                return await call();
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                if (_settings.Time.GetElapsedTime(started) > GiveUpAfter)
                {
                    LogGaveUp(_settings.Logger, Grant.Session, exception.GetType().Name);
                    return null;
                }

                await Task.Delay(RetryEvery, _settings.Time, CancellationToken.None);
            }
        }

        return null;
    }

    // None of this is needed for what was just acknowledged: where it fails, the next turn's end does it.
    private async Task AfterwardsAsync(LogWriterBatch batch)
    {
        try
        {
            if (_isListed && !_isBusy)
            {
                _isListed = false; // also where the answer is lost: the next turn adds it anew
                await _settings.Busy.RemoveAsync(Grant.Session);
            }

            _sinceCheckpoint += batch.Events.Sum(logged => logged.Json.Length);
            if (batch.AtTurnEnd is { } state && _sinceCheckpoint * CheckpointShare >= _checkpointSize)
            {
                await CheckpointAsync(state);
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogPutOff(_settings.Logger, Grant.Session, exception.GetType().Name);
        }
    }

    private async Task CheckpointAsync(SessionState state)
    {
        var checkpoint = StoredCheckpoint.Of(state);
        var keepFrom = state.Turns.Count > _settings.KeptTurns ? state.Turns[^_settings.KeptTurns] : 1;
        var outcome = await _settings.Log.CheckpointAsync(
            Grant, checkpoint, keepFrom, _settings.TimeToLive, _settings.Writers.EndedBefore(keepFrom));
        if (outcome is AppendOutcome.Ok)
        {
            (_sinceCheckpoint, _checkpointSize) = (0, checkpoint.Json.Length);
            Volatile.Write(ref _firstKept, Math.Max(FirstKept, keepFrom));
        }
    }

    // A session that is closed is nobody's to go on with. One that cannot be let go of stays ours by name, and the next that asks for
    // it here gets it.
    private async Task<SessionEndReason> LetGoAsync(SessionEndReason reason)
    {
        if (reason is not SessionEndReason.Closed || Volatile.Read(ref _handOver) is not { } why)
        {
            return reason;
        }

        // What was to be put aside and has got an input meanwhile is not to wait for the next call.
        var outcome = await UntilAnsweredAsync(() => _settings.Log.ReleaseAsync(Grant, _isBusy && why == SessionIdle.Released ? SessionMoved.Drain : why));
        if (outcome is not AppendOutcome.Ok)
        {
            return outcome is null && !_lost ? SessionEndReason.StoreUnreachable : SessionEndReason.Fenced;
        }

        // Should even this fail, our own set has it, and is swept when we are gone.
        await UntilAnsweredAsync(async () =>
        {
            await (_isBusy ? _settings.Busy.HandOverAsync(Grant.Session) : _settings.Busy.RemoveAsync(Grant.Session));
            return AppendOutcome.Ok;
        });
        return SessionEndReason.HandedOver;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An append to session {Session} was refused: {Outcome}.")]
    private static partial void LogRefused(ILogger logger, string session, AppendOutcome outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Session {Session} could not be written for 10 s ({Reason}).")]
    private static partial void LogGaveUp(ILogger logger, string session, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The writer of session {Session} broke.")]
    private static partial void LogBroke(ILogger logger, string session, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What session {Session} had to tidy up was put off ({Reason}).")]
    private static partial void LogPutOff(ILogger logger, string session, string reason);
}
