using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Sessions;

/// <summary>The logs of all sessions, in Redis.</summary>
internal sealed class SessionLog(IConnectionMultiplexer redis)
{
    private const int NonceCharacters = 8;

    /// <summary>Makes <paramref name="instance"/> the owner, if the token is still the one that was seen ('' for a new session).</summary>
    /// <returns>The right to write, or null: somebody was faster.</returns>
    public async Task<WriteGrant?> TakeAsync(string session, string observedToken, string instance)
    {
        var nonce = RandomNumberGenerator.GetHexString(NonceCharacters, lowercase: true);
        var reply = (RedisResult[]?)await redis.GetDatabase().ScriptEvaluateAsync(
            SessionScripts.Take, Keys(session), [observedToken, nonce, instance]) ?? [];
        return (int)reply[0] == 1 ? new WriteGrant(session, (string)reply[1]!, (long)reply[2]) : null;
    }

    /// <summary>Appends a batch. A repeat with the same <paramref name="batch"/> id is safe.</summary>
    public async Task<AppendOutcome> AppendAsync(
        WriteGrant grant, long expectedSeq, string batch, SessionFacts facts, TimeSpan timeToLive, LogBatch events)
    {
        var seconds = (long)timeToLive.TotalSeconds;
        RedisValue[] values =
        [
            grant.Token, expectedSeq, batch, seconds, facts.Tenant, facts.Group ?? "", facts.Cohort ?? "",
            events.Config?.ToJsonString() ?? "", events.Config is null ? "" : events.ConfigRevision, .. events.Events.Select(json => (RedisValue)json),
        ];
        var reply = (string?)await redis.GetDatabase().ScriptEvaluateAsync(SessionScripts.Append, Keys(grant.Session), values);
        return reply switch
        {
            "ok" => AppendOutcome.Ok,
            "fenced" => AppendOutcome.Fenced,
            _ => AppendOutcome.Gap,
        };
    }

    /// <summary>At most <paramref name="most"/> events after <paramref name="after"/>, in order.</summary>
    public async Task<LogPage> ReadAsync(string session, long after, int most)
    {
        var reply = (RedisResult[]?)await redis.GetDatabase().ScriptEvaluateAsync(
            SessionScripts.Read, Keys(session), [after, most]) ?? [];
        var first = (long)reply[0];
        var from = Math.Max(after + 1, first);
        return new LogPage(first, [.. reply.Skip(1).Select((json, i) => LoggedEvent.Parse(from + i, (string)json!))]);
    }

    /// <summary>Who owns the session; null: there is no such session.</summary>
    public async Task<OwnerRecord?> FindOwnerAsync(string session)
    {
        var fields = await redis.GetDatabase().HashGetAsync(
            SessionKeys.Owner(session), [SessionKeys.TokenField, SessionKeys.InstanceField]);
        return fields[0].IsNull ? null : new OwnerRecord(fields[0].ToString(), fields[1].ToString());
    }

    /// <summary>Who wrote which part of the log.</summary>
    public async Task<WriterHistory> ReadWritersAsync(string session)
    {
        var entries = await redis.GetDatabase().HashGetAllAsync(SessionKeys.Meta(session));
        return new WriterHistory(entries
            .Where(entry => entry.Name.ToString().StartsWith("writer:", StringComparison.Ordinal))
            .Select(entry => Cursor.TryParse(entry.Value, out var start) ? start : Cursor.Start));
    }

    /// <summary>Forgets the session: every key of it.</summary>
    public Task EraseAsync(string session) => redis.GetDatabase().KeyDeleteAsync(Keys(session));

    private static RedisKey[] Keys(string session) =>
        [SessionKeys.Owner(session), SessionKeys.Log(session), SessionKeys.Meta(session)];
}

/// <summary>What a session is from its opening on, kept beside its log for whoever looks it up.</summary>
internal sealed record SessionFacts(string Tenant, string? Group = null, string? Cohort = null);

/// <summary>Events of one append, and the session layer as it stands after them where they changed it.</summary>
internal sealed record LogBatch(IReadOnlyList<string> Events, JsonObject? Config = null, long ConfigRevision = 0);

internal enum AppendOutcome
{
    /// <summary>The log holds the batch.</summary>
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
internal sealed record WriteGrant(string Session, string Token, long LastSeq)
{
    public long Epoch => long.Parse(Token.AsSpan(0, Token.IndexOf('.', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    public string Nonce => Token[(Token.IndexOf('.', StringComparison.Ordinal) + 1)..];
}

/// <summary>Who owns a session, by Redis.</summary>
internal sealed record OwnerRecord(string Token, string Instance);

/// <summary>Some events of a log, and the seq of the oldest that it still holds.</summary>
internal sealed record LogPage(long FirstKept, IReadOnlyList<LoggedEvent> Events);
