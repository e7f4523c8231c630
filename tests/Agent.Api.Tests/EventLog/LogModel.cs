using AspireAgent.Agent.EventLog;

namespace AspireAgent.Agent.Tests.EventLog;

/// <summary>What the scripts over one session's log promise, in its plainest form: the oracle for any order of calls.</summary>
internal sealed class LogModel
{
    private const int ForcedPerMinute = 3;

    private readonly List<string> _tokens = [""];
    private readonly List<(string Json, string Token)> _log = [];
    private string? _lastBatch;
    private int _forced;

    /// <summary>All tokens that there ever were, the one that counts last.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    public string Token => _tokens[^1];

    public string Instance { get; private set; } = "";

    public string? Released { get; private set; }

    public string? Running { get; private set; }

    /// <summary>Every event that was ever accepted, trimmed or not.</summary>
    public IReadOnlyList<string> Log => [.. _log.Select(entry => entry.Json)];

    public long FirstKept { get; private set; } = 1;

    public long Checkpoint { get; private set; }

    public string NonceOf(long seq) => NonceOf(_log[(int)seq - 1].Token);

    /// <summary>Whether a take succeeds; then <see cref="Taken"/> is told the new token.</summary>
    public bool MayTake(string observed, bool forced) => observed == Token && !(forced && _forced >= ForcedPerMinute);

    public void Taken(string token, string instance, bool forced)
    {
        _tokens.Add(token);
        (Instance, Released, _forced) = (instance, null, _forced + (forced ? 1 : 0));
    }

    public AppendOutcome Append(string token, long expected, string batch, LogBatch events)
    {
        if (token != Token)
        {
            return AppendOutcome.Fenced;
        }

        if (batch == _lastBatch)
        {
            return AppendOutcome.Ok;
        }

        if (expected != _log.Count + 1)
        {
            return AppendOutcome.Gap;
        }

        _log.AddRange(events.Events.Select(json => (json, token)));
        (_lastBatch, Running) = (batch, events.Running);
        return AppendOutcome.Ok;
    }

    /// <summary>An older checkpoint than there is changes nothing: what it lacks may be trimmed.</summary>
    public AppendOutcome Write(string token, long seq, long keepFrom)
    {
        if (token != Token)
        {
            return AppendOutcome.Fenced;
        }

        if (seq > _log.Count)
        {
            return AppendOutcome.Gap;
        }

        if (seq >= Checkpoint)
        {
            (Checkpoint, FirstKept) = (seq, Math.Max(FirstKept, keepFrom));
        }

        return AppendOutcome.Ok;
    }

    public AppendOutcome Release(string token, string why)
    {
        if (token != Token)
        {
            return AppendOutcome.Fenced;
        }

        (Instance, Released) = ("", why);
        return AppendOutcome.Ok;
    }

    public List<(long Seq, string Json)> Read(long after, int most)
    {
        var from = Math.Max(after + 1, FirstKept);
        return [.. _log.Select((entry, i) => (Seq: i + 1L, entry.Json)).Where(entry => entry.Seq >= from).Take(most)];
    }

    private static string NonceOf(string token) => token[(token.IndexOf('.', StringComparison.Ordinal) + 1)..];
}
