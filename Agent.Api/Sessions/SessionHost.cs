using System.Collections.Concurrent;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;

namespace AspireAgent.Agent.Sessions;

/// <summary>The sessions that this pod owns: opens, finds and hydrates them, and puts idle ones aside.</summary>
internal sealed partial class SessionHost(
    SessionServices services, InstanceRegistry registry, LocalInstance local, ILogger<SessionHost> logger) : BackgroundService
{
    private const int HydrationPage = 1_000;
    private const int LockStripes = 64;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, LockStripes).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Live sessions of this pod.</summary>
    public int Count => _sessions.Count;

    /// <summary>
    /// Makes a new session. A repeat finds the one that is there; null: it is another tenant's or elsewhere, or could not be
    /// written.
    /// </summary>
    public async Task<Session?> OpenAsync(string id, SessionOpened opened, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        if (await services.Log.TakeAsync(id, "", local.Name) is not { } grant)
        {
            return await FindAsync(id, cancellationToken) is SessionLookup.Here { Session: var known } && known.State.Tenant == opened.Tenant
                ? known
                : null;
        }

        // The writer and the configuration need these before the first event is folded in.
        var empty = SessionState.Empty with
        {
            Tenant = opened.Tenant, Group = opened.Group, Cohort = opened.Cohort, Ephemeral = opened.Ephemeral,
        };
        var session = new Session(grant, empty, new WriterHistory([new Cursor(1, grant.Nonce)]), services);
        Keep(session);
        return await session.OpenAsync(opened, request.Config ?? [], cancellationToken) ? session : null;
    }

    /// <summary>
    /// Finds a session. One whose owner is dead, or that this pod had put aside, is taken and hydrated; one that lives elsewhere
    /// is not touched.
    /// </summary>
    public async Task<SessionLookup> FindAsync(string id, CancellationToken cancellationToken)
    {
        if (_sessions.TryGetValue(id, out var live) && !live.Ended.IsCompleted)
        {
            return new SessionLookup.Here(live);
        }

        var stripe = _locks[(uint)id.GetHashCode(StringComparison.Ordinal) % LockStripes];
        await stripe.WaitAsync(cancellationToken);
        try
        {
            return _sessions.TryGetValue(id, out live) && !live.Ended.IsCompleted
                ? new SessionLookup.Here(live)
                : await TakeAsync(id);
        }
        finally
        {
            stripe.Release();
        }
    }

    /// <summary>Purges a session from here and from Redis.</summary>
    public async Task EraseAsync(Session session)
    {
        await LetGoAsync(session);
        await services.Log.EraseAsync(session.Grant.Session);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_sessions.Values.Select(async session =>
        {
            await session.StopAsync(CancelledBy.Drain, null, cancellationToken);
            await LetGoAsync(session);
        }));
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        Array.ForEach(_locks, stripe => stripe.Dispose());
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, services.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var session in _sessions.Values.Where(MayBePutAside))
                {
                    await LetGoAsync(session);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
    }

    private bool MayBePutAside(Session session) => session.IdleFor > (session.State.Ephemeral
        ? services.Options.Value.EphemeralPutAsideAfter
        : services.Options.Value.PutAsideAfter);

    private async Task<SessionLookup> TakeAsync(string id)
    {
        if (await services.Log.FindOwnerAsync(id) is not { } owner)
        {
            return new SessionLookup.Unknown();
        }

        if (owner.Instance != local.Name && await registry.FindAsync(owner.Instance) is not null)
        {
            return new SessionLookup.Elsewhere(owner.Instance);
        }

        if (await services.Log.TakeAsync(id, owner.Token, local.Name) is not { } grant)
        {
            return new SessionLookup.Elsewhere((await services.Log.FindOwnerAsync(id))?.Instance ?? "");
        }

        var state = await HydrateAsync(id);
        if (state.Seq == 0)
        {
            return new SessionLookup.Unknown(); // its first owner died before it wrote anything
        }

        LogTaken(id, grant.Epoch, state.Seq);
        var session = new Session(grant, state, await services.Log.ReadWritersAsync(id), services);
        session.Resume(); // before anybody else can find it
        Keep(session);
        return new SessionLookup.Here(session);
    }

    private async Task<SessionState> HydrateAsync(string id)
    {
        var state = SessionState.Empty;
        while ((await services.Log.ReadAsync(id, state.Seq, HydrationPage)).Events is { Count: > 0 } events)
        {
            state = events.Aggregate(state, (folded, logged) => folded.Apply(WireJson.ReadEvent(logged.Json)));
        }

        return state;
    }

    private void Keep(Session session)
    {
        _sessions[session.Grant.Session] = session;
        _ = LetGoAtEndAsync(session);
    }

    // A session that this pod may no longer write cancels what it runs, at once.
    private async Task LetGoAtEndAsync(Session session)
    {
        var reason = await session.Ended;
        if (reason is not SessionEndReason.Closed)
        {
            LogEnded(session.Grant.Session, reason);
        }

        await LetGoAsync(session);
    }

    private async Task LetGoAsync(Session session)
    {
        _sessions.TryRemove(KeyValuePair.Create(session.Grant.Session, session));
        await session.DisposeAsync(); // also where another taking has its place by now
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} is taken with epoch {Epoch} and stands at {Seq}.")]
    private partial void LogTaken(string session, long epoch, long seq);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Session {Session} ends on this pod: {Reason}.")]
    private partial void LogEnded(string session, SessionEndReason reason);
}
