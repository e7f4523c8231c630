using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>A client that writes down every event that it is told, up to the end of a turn.</summary>
internal sealed class Witness
{
    private readonly List<JsonObject> _seen = [];
    private readonly Task _done;

    private Witness(IAsyncEnumerable<JsonObject> frames, Func<JsonObject, bool> isLast) => _done = ReadAsync(frames, isLast);

    /// <summary>Events so far, frames without a seq not counted.</summary>
    public int Count
    {
        get
        {
            lock (_seen)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>The cursor of the last event.</summary>
    public string? Cursor { get; private set; }

    /// <summary>Frames without a seq that are no signs of life.</summary>
    public List<JsonObject> Notices { get; } = [];

    public static Witness Of(IAsyncEnumerable<JsonObject> frames, string turn) => new(frames, happened => (string?)happened["turn"] == turn
        && (string)happened["type"]! is "turn.completed" or "turn.cancelled" or "turn.failed");

    /// <summary>One that stays as long as its stream.</summary>
    public static Witness OfAll(IAsyncEnumerable<JsonObject> frames) => new(frames, _ => false);

    /// <summary>Waits until it was told something that is not of the log.</summary>
    public Task NoticedAsync() => Poll.UntilAsync(() => Notices.Count > 0, "a notice");

    /// <summary>Waits until it has seen so many, or the last.</summary>
    public Task ReachedAsync(int count) => Poll.UntilAsync(() => Task.FromResult(Count >= count || _done.IsCompleted), () => $"event {count}; there are {Count}");

    /// <summary>All that it saw, the last included.</summary>
    public async Task<List<JsonObject>> SeenAsync()
    {
        try
        {
            await _done.WaitAsync(TimeSpan.FromSeconds(90));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The turn does not end; the last event is {_seen.LastOrDefault()?.ToJsonString()}.");
        }

        return _seen;
    }

    /// <summary>What it was told before its connection broke, if that did.</summary>
    public async Task<List<JsonObject>> SeenUntilBrokenAsync()
    {
        await ((Task)Task.WhenAny(_done)).WaitAsync(TimeSpan.FromSeconds(90));
        return _seen;
    }

    /// <summary>The text of an answer, from the events that hold its pieces.</summary>
    public static string Tokens(IEnumerable<JsonObject> events) =>
        string.Concat(events.Where(happened => (string)happened["type"]! == "token").Select(token => (string)token["text"]!));

    /// <summary>
    /// Without a gap, without a repeat, each event as the log has it, up to the end of the turn; runs of tokens that were told as one
    /// are taken apart.
    /// </summary>
    public static void AssertIsLog(IReadOnlyList<JsonObject> seen, IReadOnlyList<JsonObject> log)
    {
        // A pod that died right after the turn's end left word of that.
        Assert.All(log.Skip(AssertIsPrefix(seen, log)), happened => Assert.Equal("session.moved", (string)happened["type"]!));
    }

    /// <summary>The same, where the log has gone on; returns how much of it was seen.</summary>
    public static int AssertIsPrefix(IReadOnlyList<JsonObject> seen, IReadOnlyList<JsonObject> log)
    {
        var logged = log.ToDictionary(happened => (long)happened["seq"]!);
        var next = 1L;
        foreach (var happened in seen)
        {
            var seq = (long)happened["seq"]!;
            var from = (string)happened["type"]! == "token" && happened["from"] is { } first ? (long)first : seq;
            Assert.True(from == next, $"{from} follows {next - 1}");
            next = seq + 1;
            if (from == seq)
            {
                Assert.Equal(logged[seq].ToJsonString(), happened.ToJsonString());
            }
            else
            {
                Assert.Equal(Conversation.Text(Enumerable.Range((int)from, (int)(seq - from) + 1).Select(at => logged[at]), (string)happened["turn"]!), (string)happened["text"]!);
            }
        }

        return (int)next - 1;
    }

    private async Task ReadAsync(IAsyncEnumerable<JsonObject> frames, Func<JsonObject, bool> isLast)
    {
        await foreach (var frame in frames)
        {
            Cursor = (string?)frame["cursor"] ?? Cursor;
            frame.Remove("cursor");
            if (frame["seq"] is null)
            {
                if ((string)frame["type"]! != "ping")
                {
                    Notices.Add(frame);
                }

                continue;
            }

            lock (_seen)
            {
                _seen.Add(frame);
            }

            if (isLast(frame))
            {
                return;
            }
        }

        throw new InvalidOperationException($"The stream ended after {Count} events, and {string.Join(' ', Notices.Select(notice => notice.ToJsonString()))}.");
    }
}
