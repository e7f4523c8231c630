using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.EventLog;

/// <summary>The logs of all sessions, in Redis.</summary>
internal sealed class SessionLog(IConnectionMultiplexer redis)
{
    private const int NonceCharacters = 8;
    private const int HydrationPage = 2_000;

    /// <summary>Makes <paramref name="instance"/> the owner, if the token is still the one that was seen ('' for a new session).</summary>
    /// <param name="session">The session.</param>
    /// <param name="observedToken">The token that was seen.</param>
    /// <param name="instance">Who takes it.</param>
    /// <param name="forced">Whether its owner is alive, but not within a gateway's reach: that is done seldom.</param>
    /// <returns>The right to write, or null: somebody was faster, or it was forced too often.</returns>
    public async Task<WriteGrant?> TakeAsync(string session, string observedToken, string instance, bool forced = false)
    {
        var nonce = RandomNumberGenerator.GetHexString(NonceCharacters, lowercase: true);
        var reply = (RedisResult[]?)await redis.GetDatabase().ScriptEvaluateAsync(
            SessionScripts.Take, Keys(session), [observedToken, nonce, instance, forced ? "1" : "", session]) ?? [];
        return (int)reply[0] == 1
            ? new WriteGrant(session, (string)reply[1]!, (long)reply[2], (long)reply[3], (long)reply[4])
            : null;
    }

    /// <summary>Appends a batch. A repeat with the same <paramref name="batch"/> id is safe.</summary>
    public async Task<AppendOutcome> AppendAsync(
        WriteGrant grant, long expectedSeq, string batch, SessionFacts facts, TimeSpan timeToLive, LogBatch events)
    {
        RedisValue[] values =
        [
            grant.Token, expectedSeq, batch, (long)timeToLive.TotalSeconds, facts.Tenant, facts.Group ?? "", facts.Cohort ?? "",
            events.Running ?? "", events.Config?.ToJsonString() ?? "", events.Config is null ? "" : events.ConfigRevision,
            .. events.Events.Select(json => (RedisValue)json),
        ];
        return Outcome(await redis.GetDatabase().ScriptEvaluateAsync(SessionScripts.Append, Keys(grant.Session), values));
    }

    /// <summary>
    /// Writes a checkpoint, and forgets of the log what is before <paramref name="keepFrom"/>. Safe to repeat.
    /// </summary>
    /// <param name="grant">The right to write.</param>
    /// <param name="checkpoint">Of a state that the log has reached.</param>
    /// <param name="keepFrom">Oldest seq that stays readable.</param>
    /// <param name="timeToLive">Of the checkpoint, as of the log.</param>
    /// <param name="forgottenEpochs">Writers of whom the log holds nothing any more.</param>
    public async Task<AppendOutcome> CheckpointAsync(
        WriteGrant grant, StoredCheckpoint checkpoint, long keepFrom, TimeSpan timeToLive, IEnumerable<long> forgottenEpochs)
    {
        RedisValue[] values =
        [
            grant.Token, checkpoint.Seq, checkpoint.Json, keepFrom, (long)timeToLive.TotalSeconds,
            .. forgottenEpochs.Select(epoch => (RedisValue)WriterField(epoch)),
        ];
        return Outcome(await redis.GetDatabase().ScriptEvaluateAsync(SessionScripts.Checkpoint, Keys(grant.Session), values));
    }

    /// <summary>Lets go of a session; whoever takes it next is told <paramref name="why"/>.</summary>
    public async Task<AppendOutcome> ReleaseAsync(WriteGrant grant, string why) =>
        Outcome(await redis.GetDatabase().ScriptEvaluateAsync(SessionScripts.Release, Keys(grant.Session), [grant.Token, why]));

    /// <summary>At most <paramref name="most"/> events after <paramref name="after"/>, in order.</summary>
    public async Task<LogPage> ReadAsync(string session, long after, int most)
    {
        var reply = (RedisResult[]?)await redis.GetDatabase().ScriptEvaluateAsync(
            SessionScripts.Read, Keys(session), [after, most]) ?? [];
        var first = (long)reply[0];
        var from = Math.Max(after + 1, first);
        return new LogPage(first, [.. reply.Skip(1).Select((json, i) => LoggedEvent.Parse(from + i, (string)json!))]);
    }

    /// <summary>
    /// What a new owner starts from: the checkpoint and the fold of what follows it, and who wrote which part of the log. Nobody else
    /// may write meanwhile, so its parts fit together.
    /// </summary>
    public async Task<(SessionState State, WriterHistory Writers)> HydrateAsync(WriteGrant grant)
    {
        var db = redis.GetDatabase();
        var stored = db.StringGetAsync(SessionKeys.State(grant.Session));
        var meta = db.HashGetAllAsync(SessionKeys.Meta(grant.Session));
        var from = Math.Max(grant.CheckpointSeq + 1, grant.FirstKept);
        var pages = new List<Task<RedisValue[]>>();
        for (var next = from - grant.FirstKept; next <= grant.LastSeq - grant.FirstKept; next += HydrationPage)
        {
            pages.Add(db.ListRangeAsync(SessionKeys.Log(grant.Session), next, next + HydrationPage - 1));
        }

        var state = SessionState.Empty;
        if ((byte[]?)await stored is { } json && JsonSerializer.Deserialize(json, WireJson.Tolerant.SessionCheckpoint) is { } checkpoint)
        {
            state = checkpoint.ToState();
        }

        foreach (var page in pages)
        {
            foreach (var logged in await page)
            {
                var happened = JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)logged).Span, WireJson.Tolerant.SessionEvent)!;
                state = happened.Seq > state.Seq ? state.Apply(happened) : state;
            }
        }

        if (state.Seq != grant.LastSeq)
        {
            throw new InvalidDataException($"The log ends at {grant.LastSeq}, and what can be read of it at {state.Seq}.");
        }

        return (state, new WriterHistory((await meta).Select(entry => WriterOf(entry)).OfType<LogWriterStart>()));
    }

    /// <summary>Who owns the session; null: there is no such session.</summary>
    public async Task<OwnerRecord?> FindOwnerAsync(string session)
    {
        var db = redis.GetDatabase();
        var running = db.HashGetAsync(SessionKeys.Meta(session), SessionKeys.RunningField);
        var owner = await db.HashGetAsync(
            SessionKeys.Owner(session), [SessionKeys.TokenField, SessionKeys.InstanceField, SessionKeys.ReleasedField]);
        return owner[0].IsNull
            ? null
            : new OwnerRecord(owner[0].ToString(), owner[1].ToString(), (string?)owner[2], !(await running).IsNullOrEmpty);
    }

    /// <summary>The tokens of many sessions, in their order; null where there is none.</summary>
    public Task<string?[]> FindTokensAsync(IEnumerable<string> sessions)
    {
        var db = redis.GetDatabase();
        return Task.WhenAll(sessions.Select(async session => (string?)await db.HashGetAsync(SessionKeys.Owner(session), SessionKeys.TokenField)));
    }

    /// <summary>Forgets the session: every key of it.</summary>
    public Task EraseAsync(string session) => redis.GetDatabase().KeyDeleteAsync(Keys(session));

    /// <summary>The keys of a session that every script is given.</summary>
    internal static RedisKey[] Keys(string session) =>
        [SessionKeys.Owner(session), SessionKeys.Log(session), SessionKeys.Meta(session), SessionKeys.State(session)];

    private static string WriterField(long epoch) => string.Create(CultureInfo.InvariantCulture, $"writer:{epoch}");

    // writer:3 = 17.b3c4d5e6
    private static LogWriterStart? WriterOf(HashEntry field) =>
        field.Name.ToString().Split(':') is ["writer", var epoch] && Cursor.TryParse(field.Value, out var start)
            ? new LogWriterStart(long.Parse(epoch, CultureInfo.InvariantCulture), start)
            : null;

    private static AppendOutcome Outcome(RedisResult reply) => (string?)reply switch
    {
        "ok" => AppendOutcome.Ok,
        "fenced" => AppendOutcome.Fenced,
        _ => AppendOutcome.Gap,
    };
}

/// <summary>What a session is from its opening on, kept beside its log for whoever looks it up.</summary>
internal sealed record SessionFacts(string Tenant, string? Group = null, string? Cohort = null);

/// <summary>Events of one append; the turn that runs after them, and the session layer as it stands then where they changed it.</summary>
internal sealed record LogBatch(
    IReadOnlyList<string> Events, string? Running = null, JsonObject? Config = null, long ConfigRevision = 0);

/// <summary>A checkpoint as it is written.</summary>
internal sealed record StoredCheckpoint(long Seq, byte[] Json)
{
    public static StoredCheckpoint Of(SessionState state) =>
        new(state.Seq, JsonSerializer.SerializeToUtf8Bytes(SessionCheckpoint.Of(state), WireJson.Types.SessionCheckpoint));
}

internal enum AppendOutcome
{
    /// <summary>The log holds it.</summary>
    Ok,

    /// <summary>Somebody else owns the session now.</summary>
    Fenced,

    /// <summary>The log ends elsewhere than the writer thinks.</summary>
    Gap,
}

/// <summary>The right to extend a session's log: good until somebody else takes the session.</summary>
/// <param name="Session">The session.</param>
/// <param name="Token">Fencing token: epoch and nonce.</param>
/// <param name="LastSeq">Where the log ended when it was taken.</param>
/// <param name="FirstKept">Where it began.</param>
/// <param name="CheckpointSeq">What its checkpoint covered; 0: there was none.</param>
internal sealed record WriteGrant(string Session, string Token, long LastSeq, long FirstKept = 1, long CheckpointSeq = 0)
{
    public long Epoch => long.Parse(Token.AsSpan(0, Token.IndexOf('.', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    public string Nonce => Token[(Token.IndexOf('.', StringComparison.Ordinal) + 1)..];
}

/// <summary>Who owns a session, by Redis.</summary>
/// <param name="Token">The fencing token.</param>
/// <param name="Instance">The owner; empty: nobody.</param>
/// <param name="Released">Why nobody has it.</param>
/// <param name="IsRunning">Whether a turn runs in it.</param>
internal sealed record OwnerRecord(string Token, string Instance, string? Released, bool IsRunning);

/// <summary>Some events of a log, and the seq of the oldest that it still holds.</summary>
internal sealed record LogPage(long FirstKept, IReadOnlyList<LoggedEvent> Events);
