using System.Collections.Concurrent;
using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Agent.Sessions;

/// <summary>The sessions that this pod owns: opens, finds and hydrates them, and lets go of them.</summary>
internal sealed partial class SessionHost(
    SessionServices services, InstanceRegistry registry, LocalInstance local, ILogger<SessionHost> logger) : IAsyncDisposable
{
    private const int LockStripes = 256;

    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, LockStripes).Select(_ => new SemaphoreSlim(1))];
    private readonly HydrationGate _hydrations = new(services.Options.Value.MaxHydrations);

    /// <summary>Live sessions of this pod.</summary>
    public int Count => _sessions.Count;

    /// <summary>Live sessions of this pod, as of now.</summary>
    public IEnumerable<Session> Sessions => _sessions.Values;

    /// <summary>
    /// Makes a new session. A repeat finds the one that is there; elsewhere: it is, or this pod takes none, or may no longer write it.
    /// </summary>
    public async Task<SessionLookup> OpenAsync(
        string id, SessionOpened opened, OpenSessionRequest request, string? unreachable, CancellationToken cancellationToken)
    {
        if (local.IsDraining)
        {
            return new SessionLookup.Elsewhere("");
        }

        var grant = await services.Log.TakeAsync(id, "", local.Name);
        if (grant is null)
        {
            var known = await FindAsync(id, unreachable, cancellationToken);
            if (known is not SessionLookup.Unknown { Begun: { } begun })
            {
                return known;
            }

            grant = begun;
        }

        // The writer and the configuration need these before the first event is folded in.
        var empty = SessionState.Empty with
        {
            Tenant = opened.Tenant, Group = opened.Group, Cohort = opened.Cohort, Ephemeral = opened.Ephemeral,
        };
        var session = new Session(grant, empty, new WriterHistory([new LogWriterStart(grant.Epoch, new Cursor(1, grant.Nonce))]), services);
        Keep(session);
        return await session.OpenAsync(opened, request.Config ?? [], cancellationToken)
            ? new SessionLookup.Here(session)
            : new SessionLookup.Elsewhere("");
    }

    /// <summary>
    /// Finds a session. One that nobody has, or whose owner is dead, is taken and hydrated; one that lives elsewhere is not touched.
    /// </summary>
    /// <param name="id">The session.</param>
    /// <param name="unreachable">
    /// Fencing token of an owner whom the caller cannot reach, dead or alive: from that owner the session is taken, within limits.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<SessionLookup> FindAsync(string id, string? unreachable, CancellationToken cancellationToken)
    {
        if (FindLive(id) is { } live)
        {
            return new SessionLookup.Here(live);
        }

        var stripe = _locks[(uint)id.GetHashCode(StringComparison.Ordinal) % LockStripes];
        await stripe.WaitAsync(cancellationToken);
        try
        {
            return FindLive(id) is { } found ? new SessionLookup.Here(found) : await TakeAsync(id, unreachable, cancellationToken);
        }
        finally
        {
            stripe.Release();
        }
    }

    /// <summary>The session, if this pod has it.</summary>
    public Session? FindLive(string id) => _sessions.TryGetValue(id, out var live) && !live.Ended.IsCompleted ? live : null;

    /// <summary>Purges a session from here and from Redis.</summary>
    public async Task EraseAsync(Session session)
    {
        Forget(session);
        await session.DisposeAsync();
        await services.Log.EraseAsync(session.Grant.Session);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_sessions.Values.Select(session => session.HandOverAsync(SessionMoved.Drain)));
        Array.ForEach(_locks, stripe => stripe.Dispose());
    }

    private async Task<SessionLookup> TakeAsync(string id, string? unreachable, CancellationToken cancellationToken)
    {
        if (await services.Log.FindOwnerAsync(id) is not { } owner)
        {
            return new SessionLookup.Unknown();
        }

        var isMine = owner.Instance == local.Name;
        if (local.IsDraining)
        {
            return new SessionLookup.Elsewhere(isMine ? await GiveAwayAsync(id, owner) : owner.Instance);
        }

        var isAlive = owner.Instance.Length > 0 && !isMine && await registry.FindAsync(owner.Instance) is not null;
        var why = owner.Instance.Length == 0 ? owner.Released ?? SessionMoved.Crash
            : isMine ? SessionMoved.Store
            : !isAlive ? SessionMoved.Crash
            : owner.Token == unreachable ? SessionMoved.Unreachable
            : null;
        if (why is null)
        {
            return new SessionLookup.Elsewhere(owner.Instance);
        }

        using var place = await _hydrations.EnterAsync(owner.IsRunning, cancellationToken);
        var started = services.Time.GetTimestamp();
        var isListed = why != SessionIdle.Released;
        if (isListed)
        {
            await services.Busy.AddAsync(id); // before it is ours: should we die next, others find it
        }

        if (await services.Log.TakeAsync(id, owner.Token, local.Name, forced: why == SessionMoved.Unreachable) is not { } grant)
        {
            var winner = (await services.Log.FindOwnerAsync(id))?.Instance ?? "";
            if (isListed && winner != local.Name)
            {
                await services.Busy.RemoveAsync(id);
            }

            return new SessionLookup.Elsewhere(winner);
        }

        if (await HydrateAsync(grant, why) is not var (state, writers))
        {
            return new SessionLookup.Elsewhere("");
        }

        if (state.Seq == 0)
        {
            return new SessionLookup.Unknown(grant);
        }

        services.Metrics.Hydrated(services.Time.GetElapsedTime(started), why);
        LogTaken(id, grant.Epoch, state.Seq, why);
        var session = new Session(grant, state, writers, services, isListed);
        session.Resume(why == SessionIdle.Released ? null : why); // before anybody else can find it
        Keep(session);
        return new SessionLookup.Here(session);
    }

    // One whose log this pod cannot read is not kept from those that can. Null: another pod has taken it meanwhile, and goes on with it.
    private async Task<(SessionState State, WriterHistory Writers)?> HydrateAsync(WriteGrant grant, string why)
    {
        try
        {
            return await services.Log.HydrateAsync(grant);
        }
        catch (Exception exception) when (exception is not (RedisException or TimeoutException))
        {
            var released = await services.Log.ReleaseAsync(grant, why);
            await services.Busy.RemoveAsync(grant.Session);
            if (released is AppendOutcome.Fenced)
            {
                return null;
            }

            LogUnreadable(grant.Session, exception);
            throw new SessionUnreadableException(exception);
        }
    }

    // Ours by name alone, since its release did not reach Redis.
    private async Task<string> GiveAwayAsync(string id, OwnerRecord owner)
    {
        if (await services.Log.ReleaseAsync(new WriteGrant(id, owner.Token, 0), SessionMoved.Drain) is AppendOutcome.Ok)
        {
            await services.Busy.HandOverAsync(id);
        }

        return "";
    }

    private void Keep(Session session)
    {
        if (_sessions.TryGetValue(session.Grant.Session, out var former))
        {
            former.Lose(); // it is of an older grant
        }

        _sessions[session.Grant.Session] = session;
        _ = LetGoAtEndAsync(session);
        if (local.IsDraining)
        {
            _ = session.HandOverAsync(SessionMoved.Drain); // the drain began while it was on its way here
        }
    }

    // A session that this pod may no longer write cancels what it runs, at once. Where nobody else has it, the next sweep takes it anew.
    private async Task LetGoAtEndAsync(Session session)
    {
        var reason = await session.Ended;
        Forget(session);
        if (reason is not (SessionEndReason.Closed or SessionEndReason.HandedOver))
        {
            LogEnded(session.Grant.Session, reason);
        }

        await session.DisposeAsync();
    }

    // Another taking of the same session may have its place by now.
    private void Forget(Session session) => _sessions.TryRemove(KeyValuePair.Create(session.Grant.Session, session));

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} is taken with epoch {Epoch} and stands at {Seq}: {Why}.")]
    private partial void LogTaken(string session, long epoch, long seq, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "The log of session {Session} cannot be read.")]
    private partial void LogUnreadable(string session, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Session {Session} ends on this pod: {Reason}.")]
    private partial void LogEnded(string session, SessionEndReason reason);
}
