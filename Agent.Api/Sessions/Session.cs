using System.Diagnostics;
using System.Reactive.Disposables;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Readers;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;

namespace AspireAgent.Agent.Sessions;

/// <summary>
/// A session on the pod that owns it: the fold of its log, and the pipeline of its turns. What it says it has first written; when
/// it may no longer write, it ends.
/// </summary>
/// <remarks>All members may be called from any thread. The state and the log's order are guarded by one lock.</remarks>
internal sealed partial class Session : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly object _inputGate = new();
    private readonly Lock _patchGate = new();
    private readonly Subject<TurnInput> _inputs = new();
    private readonly Subject<bool> _destroyed = new();
    private readonly BehaviorSubject<(JsonObject Patch, long Revision)> _patch;
    private readonly ReplaySubject<AudienceConfig> _audience = new(1);
    private readonly ReplaySubject<SessionSettings> _settings = new(1);
    private readonly CompositeDisposable _config = [];
    private readonly SessionServices _services;
    private readonly LogWriter _writer;
    private readonly IDisposable _turns;
    private SessionState _state;
    private ActiveTurn? _active;
    private volatile DisconnectConfig _disconnect = new();
    private volatile bool _leaving;
    private long _lastUsed;

    /// <param name="grant">The right by which this pod writes.</param>
    /// <param name="state">What the log comes to.</param>
    /// <param name="writers">Who wrote it.</param>
    /// <param name="services">What all sessions share.</param>
    /// <param name="isListed">Whether this pod's busy set has it already.</param>
    public Session(WriteGrant grant, SessionState state, WriterHistory writers, SessionServices services, bool isListed = false)
    {
        (Grant, _state, _services) = (grant, state, services);
        _patch = new BehaviorSubject<(JsonObject, long)>((state.ConfigPatch, state.ConfigRevision));
        _writer = services.Writer(grant, state, writers, isListed);
        Reader = new SessionReader(this, _writer, writers, services);
        Presence = new Presence(() => _disconnect, GiveUp, services.Time);
        _lastUsed = services.Time.GetTimestamp();

        // Two configurations make one; neither makes the agent speak (I4). A turn has the snapshot of its input's instant (I3).
        _config.Add(SessionConfig.Merge(_audience, _patch).CountedIn(services.Subscriptions, "session-config").Subscribe(_settings));
        _config.Add(_settings.Subscribe(settings => _disconnect = settings.Turn.Config.Disconnect));
        _config.Add(services.Config.For(new Audience(state.Tenant, state.Group, state.Cohort)).Subscribe(_audience));
        var budgets = services.Budget.Select(value => (BudgetStatus?)value.Value).StartWith((BudgetStatus?)null);
        _turns = _inputs
            .WithSnapshotOf(_settings, (input, settings) => (Input: input, Snapshot: settings.Turn))
            .WithLatestFrom(budgets, (asked, budget) => (asked.Input, asked.Snapshot, Budget: budget))
            .Do(asked => BargeIn(asked.Input, asked.Snapshot))
            .ObserveOn(PoolScheduler.Instance)
            .Select(asked => Observable.Defer(() => Run(asked.Input, asked.Snapshot, asked.Budget)))
            .Concat()
            .TakeUntil(_destroyed)
            .CountedIn(services.Subscriptions, "session")
            .Subscribe(happened => Write(happened), Break);
    }

    /// <summary>The right by which this pod writes.</summary>
    public WriteGrant Grant { get; }

    /// <summary>What clients read of it.</summary>
    public SessionReader Reader { get; }

    /// <summary>Whether clients are there, and what is due when they have gone.</summary>
    public Presence Presence { get; }

    /// <summary>The fold of all that has been written, acknowledged or not yet.</summary>
    public SessionState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>Seq of the newest event that the log holds.</summary>
    public long SavedSeq => _writer.Tail.LastSeq;

    /// <summary>Ends when this pod may no longer write.</summary>
    public Task<SessionEndReason> Ended => _writer.Ended;

    /// <summary>How long nobody has used it; zero while somebody reads it or something runs.</summary>
    public TimeSpan IdleFor => !Reader.IsInUse && !State.IsBusy
        ? _services.Time.GetElapsedTime(Volatile.Read(ref _lastUsed))
        : TimeSpan.Zero;

    /// <summary>Goes on where a former owner stood: with the answer that was cut off, and with the inputs that waited.</summary>
    /// <param name="why">Why the session is here now, as <see cref="SessionMoved"/> says it; null: it had only been put aside.</param>
    public void Resume(string? why)
    {
        var before = State;
        if (before.Closed)
        {
            return;
        }

        if (why is not null)
        {
            Write(new SessionMoved(why));
        }

        if (_services.Time.GetUtcNow() - before.LastAt > _services.Options.Value.ContinueWithin)
        {
            FailAll();
        }
        else
        {
            GoOn(why ?? SessionMoved.Crash);
        }
    }

    /// <summary>Writes the first events of a new log; false: it could not be written.</summary>
    public Task<bool> OpenAsync(SessionOpened opened, JsonObject config, CancellationToken cancellationToken)
    {
        Write(opened);
        if (config.Count > 0)
        {
            WritePatch(config);
        }

        return _writer.AcknowledgedAsync(State.Seq, cancellationToken);
    }

    /// <summary>Accepts an input, once for each id of the client's.</summary>
    /// <param name="request">The input.</param>
    /// <param name="receivedAt">Timestamp of its receipt.</param>
    /// <param name="cancellationToken">Ends the wait, not the turn.</param>
    public async Task<InputOutcome> AcceptAsync(InputRequest request, long receivedAt, CancellationToken cancellationToken)
    {
        Touch();
        KnownInput? known;
        lock (_inputGate)
        {
            var state = State;
            if (state.Closed)
            {
                return new InputOutcome.Closed();
            }

            if (!state.Inputs.TryGetValue(request.Id, out known))
            {
                var draft = new InputAccepted(request.Id, request.Text, request.Options) { Turn = SortableId.New(_services.Time) };
                var accepted = (InputAccepted)Write(draft);
                known = KnownInput.Of(accepted);
                Enter(new TurnInput(accepted, receivedAt, Activity.Current?.Context ?? default));
            }
            else if (!known.HasText(request.Text))
            {
                return new InputOutcome.Conflict();
            }
        }

        Presence.Renew();
        return await _writer.AcknowledgedAsync(known.Seq, cancellationToken)
            ? new InputOutcome.Accepted(new InputReceipt(known.Turn, known.Seq))
            : new InputOutcome.Lost();
    }

    /// <summary>
    /// Ends the turn that answers the client's <paramref name="input"/>, if it runs or waits; without one the running turn, or the
    /// next if none runs yet.
    /// </summary>
    public async Task<StopOutcome> StopAsync(CancelledBy by, string? input, CancellationToken cancellationToken)
    {
        Touch();
        ActiveTurn? active;
        string? turn;
        lock (_lock)
        {
            turn = input is null ? _active?.Id ?? _state.Running?.Id ?? FirstWaiting() : TurnOf(input);
            active = _active is { } running && running.Id == turn ? running : null;
            if (active is null && turn is not null)
            {
                Write(new TurnCancelled(by) { Turn = turn });
            }
        }

        if (active is not null)
        {
            active.Stop.OnNext(by);
            await active.Ended.WaitAsync(cancellationToken);
        }

        var after = State;
        var isOver = after.Running?.Id != turn && !after.Waiting.Exists(waiting => waiting.Turn == turn);
        return turn is null || (isOver && await _writer.AcknowledgedAsync(after.Seq, cancellationToken))
            ? new StopOutcome.Stopped(turn)
            : new StopOutcome.Lost();
    }

    /// <summary>Changes the session layer of the configuration: what is frozen by a turn from the next input on, the rest at once.</summary>
    public async Task<PatchOutcome> PatchAsync(JsonObject patch, CancellationToken cancellationToken)
    {
        Touch();
        var audience = await ConfigSignals.FirstAsync(_audience, _services.Time, cancellationToken);
        ConfigChanged? changed;
        lock (_patchGate)
        {
            if (SessionConfig.Check(audience, patch, State.ConfigPatch) is { } problem)
            {
                return new PatchOutcome.Refused(problem);
            }

            changed = WritePatch(patch);
        }

        if (changed is null)
        {
            return new PatchOutcome.Closed();
        }

        return await _writer.AcknowledgedAsync(changed.Seq, cancellationToken)
            ? new PatchOutcome.Changed(changed.Revision)
            : new PatchOutcome.Lost();
    }

    /// <summary>Ends all turns and the log; false: this pod may no longer write it.</summary>
    public async Task<bool> CloseAsync(string reason, CancellationToken cancellationToken)
    {
        do
        {
            lock (_lock)
            {
                CancelWaiting(CancelledBy.User, before: long.MaxValue); // first: none of them is to start
            }

            if (await StopAsync(CancelledBy.User, null, cancellationToken) is StopOutcome.Lost)
            {
                return false;
            }
        }
        while (!TryWriteClosed(reason));

        return await _writer.AcknowledgedAsync(State.Seq, cancellationToken);
    }

    /// <summary>Somebody uses it now.</summary>
    internal void Touch() => Volatile.Write(ref _lastUsed, _services.Time.GetTimestamp());

    // Inputs come one at a time, as Rx demands.
    private void Enter(TurnInput input)
    {
        lock (_inputGate)
        {
            _inputs.OnNext(input);
        }
    }

    // An input that came in between has its turn ended first: it was accepted.
    private bool TryWriteClosed(string reason)
    {
        lock (_inputGate)
        {
            lock (_lock)
            {
                if (_active is not null || _state.IsBusy)
                {
                    return false;
                }

                Write(new SessionClosed(reason));
                return true;
            }
        }
    }

    private ConfigChanged? WritePatch(JsonObject patch)
    {
        // No input comes between the event and what it says; and not under the lock, which an input that waits for this needs.
        lock (_patchGate)
        {
            lock (_inputGate)
            {
                ConfigChanged changed;
                SessionState after;
                lock (_lock)
                {
                    if (_state.Closed)
                    {
                        return null;
                    }

                    changed = (ConfigChanged)Write(new ConfigChanged((JsonObject)patch.DeepClone(), _state.ConfigRevision + 1));
                    after = _state;
                }

                _patch.OnNext((after.ConfigPatch, after.ConfigRevision));
                return changed;
            }
        }
    }

    // Gives the event its place in the log. After the session's end it has none and is dropped.
    private SessionEvent Write(SessionEvent draft)
    {
        lock (_lock)
        {
            var happened = draft with { Seq = _state.Seq + 1, At = _services.Time.GetUtcNow() };
            if (_state.Closed)
            {
                return happened;
            }

            var hasSpoken = _state.Running?.FirstTokenAt is not null;
            _state = _state.Apply(happened);
            _writer.Enqueue(happened, _state);
            if (!hasSpoken && _state.Running?.FirstTokenAt is not null && _active is { } active)
            {
                _ = active.Clock.FirstTokenAsync(_writer.AcknowledgedAsync(happened.Seq, CancellationToken.None));
            }

            return happened;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The pipeline of session {Session} broke.")]
    private static partial void LogPipelineBroke(ILogger logger, string session, Exception exception);
}
