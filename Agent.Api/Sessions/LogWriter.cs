using System.Threading.Channels;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Sessions;

/// <summary>What a writer of one session's log is given.</summary>
internal sealed record LogWriterSettings(
    SessionLog Log, BusySessions Busy, WriteGrant Grant, SessionFacts Facts, WriterHistory Writers, TimeSpan TimeToLive, int KeptTurns,
    TimeProvider Time, AgentMetrics Metrics, ILogger Logger);

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

    private readonly Channel<Waiting> _waiting = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });
    private readonly LogWriterSettings _settings;
    private readonly Task<SessionEndReason> _loop;
    private long _enqueued;
    private long _firstKept;
    private string? _handOver;
    private volatile bool _lost;
    private bool _isBusy;
    private long _sinceCheckpoint;
    private long _checkpointSize;

    public LogWriter(LogWriterSettings settings)
    {
        _settings = settings;
        _enqueued = settings.Grant.LastSeq;
        _firstKept = settings.Grant.FirstKept;
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
        _waiting.Writer.TryWrite(new Waiting(happened, after));
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
        var batch = new Batch();
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
        finally
        {
            Tail.End();
        }
    }

    private async Task<SessionEndReason> AppendAsync(Batch batch)
    {
        var id = Guid.NewGuid().ToString("N");
        var last = batch.Last!;
        var events = new LogBatch(
            [.. batch.Events.Select(logged => logged.Json)], last.Running?.Id, batch.ChangesConfig ? last.ConfigPatch : null, last.ConfigRevision);
        var started = _settings.Time.GetTimestamp();
        while (!_lost)
        {
            try
            {
                var busy = batch.IsBusy && !_isBusy ? _settings.Busy.AddAsync(Grant.Session) : Task.CompletedTask;
                var append = _settings.Log.AppendAsync(Grant, batch.Events[0].Seq, id, _settings.Facts, _settings.TimeToLive, events);
                await Task.WhenAll(busy, append); // one after the other on the wire, one wait for both
                var outcome = await append;
                if (outcome is AppendOutcome.Ok)
                {
                    _isBusy |= batch.IsBusy;
                    _settings.Metrics.Appended(_settings.Time.GetElapsedTime(started), batch.Events.Count);
                    Tail.Add(batch.Events);
                    return SessionEndReason.Closed;
                }

                LogRefused(_settings.Logger, Grant.Session, outcome);
                return outcome is AppendOutcome.Fenced ? SessionEndReason.Fenced : SessionEndReason.Gap;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                if (_settings.Time.GetElapsedTime(started) > GiveUpAfter)
                {
                    LogGaveUp(_settings.Logger, Grant.Session, exception.GetType().Name);
                    return SessionEndReason.StoreUnreachable;
                }

                await Task.Delay(RetryEvery, _settings.Time, CancellationToken.None);
            }
        }

        return SessionEndReason.Fenced;
    }

    // None of this is needed for what was just acknowledged: where it fails, the next turn's end does it.
    private async Task AfterwardsAsync(Batch batch)
    {
        try
        {
            if (_isBusy && batch.Last is { IsBusy: false })
            {
                _isBusy = false; // also where the answer is lost: the next turn adds it anew
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

    // A session that is closed is nobody's to go on with.
    private async Task<SessionEndReason> LetGoAsync(SessionEndReason reason)
    {
        if (reason is not SessionEndReason.Closed || Volatile.Read(ref _handOver) is not { } why)
        {
            return reason;
        }

        try
        {
            if (await _settings.Log.ReleaseAsync(Grant, why) is not AppendOutcome.Ok)
            {
                return SessionEndReason.Fenced;
            }

            if (_isBusy)
            {
                await _settings.Busy.HandOverAsync(Grant.Session);
            }

            return SessionEndReason.HandedOver;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogPutOff(_settings.Logger, Grant.Session, exception.GetType().Name);
            return reason; // it stays ours by name; whoever asks for it here gets it
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An append to session {Session} was refused: {Outcome}.")]
    private static partial void LogRefused(ILogger logger, string session, AppendOutcome outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Session {Session} could not be written for 10 s ({Reason}).")]
    private static partial void LogGaveUp(ILogger logger, string session, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What session {Session} had to tidy up was put off ({Reason}).")]
    private static partial void LogPutOff(ILogger logger, string session, string reason);

    /// <summary>An event on its way, and the state after it.</summary>
    private sealed record Waiting(SessionEvent Happened, SessionState After);

    /// <summary>Events of one append, and what they come to.</summary>
    private sealed class Batch
    {
        public List<LoggedEvent> Events { get; } = new(BatchCap);

        /// <summary>The state after all of them.</summary>
        public SessionState? Last { get; private set; }

        /// <summary>The state after the last of them that ended a turn and left none running.</summary>
        public SessionState? AtTurnEnd { get; private set; }

        public bool IsBusy { get; private set; }

        public bool ChangesConfig { get; private set; }

        public void Add(SessionEvent happened, SessionState after)
        {
            Events.Add(LoggedEvent.Of(happened));
            Last = after;
            AtTurnEnd = happened.EndsTurn && after.Running is null ? after : AtTurnEnd;
            IsBusy |= after.IsBusy;
            ChangesConfig |= happened is ConfigChanged;
        }

        public void Clear()
        {
            Events.Clear();
            (Last, AtTurnEnd, IsBusy, ChangesConfig) = (null, null, false, false);
        }
    }
}

/// <summary>Why a pod no longer has a session.</summary>
internal enum SessionEndReason
{
    /// <summary>It was closed or let go of here, all written.</summary>
    Closed,

    /// <summary>All is written, and nobody has it now.</summary>
    HandedOver,

    /// <summary>Another pod took it.</summary>
    Fenced,

    /// <summary>The log is not where it was left.</summary>
    Gap,

    /// <summary>Redis did not answer for too long.</summary>
    StoreUnreachable,
}
