using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using StackExchange.Redis;

namespace AspireAgent.Agent.Readers;

/// <summary>One frame of what a reader is told; without a cursor it is not of the log.</summary>
internal sealed record ReaderFrame(string Type, string Json, Cursor? Cursor = null)
{
    /// <summary>A sign of life.</summary>
    public static ReaderFrame Ping { get; } = new("ping", """{"type":"ping"}""");

    /// <summary>This pod does not have the session any more; look up who has.</summary>
    public static ReaderFrame Moved { get; } = new("moved", """{"type":"moved"}""");

    /// <summary>Forget what you know, and go on from this.</summary>
    public static ReaderFrame Reset(SessionSnapshot snapshot, Cursor cursor) => new(
        "reset",
        new JsonObject
        {
            ["type"] = "reset",
            ["seq"] = snapshot.Seq,
            ["snapshot"] = JsonSerializer.SerializeToNode(snapshot, WireJson.Types.SessionSnapshot),
        }.ToJsonString(WireJson.Types.Options),
        cursor);
}

/// <summary>What clients read of a session: its log from any place, and then as it grows. A slow reader holds nothing here.</summary>
internal sealed class SessionReader(Session session, LogWriter writer, WriterHistory writers, SessionServices services)
{
    // One that is this far behind, for as long as the options say, is told runs of tokens as one.
    private const int FarBehind = 64;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(250);

    private int _readers;

    /// <summary>Whether somebody reads.</summary>
    public bool IsInUse => Volatile.Read(ref _readers) > 0;

    /// <summary>
    /// What the log holds after <paramref name="cursor"/> (null: all that it still holds), and then what it comes to hold, in order.
    /// A cursor of another log, or of a part that is trimmed, gets a reset first. A ping comes where there was nothing for
    /// <paramref name="pingEvery"/>. It ends with the session, or as moved.
    /// </summary>
    public async IAsyncEnumerable<ReaderFrame> ReadAsync(
        Cursor? cursor, TimeSpan pingEvery, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reading = Enter();
        var after = cursor?.Seq ?? writer.FirstKept - 1;
        var isLost = cursor is { } known && !writers.Knows(known, writer.FirstKept, session.SavedSeq);
        var pace = new ReaderPace(services.Time, services.Options.Value.SlowAfter);
        if (!isLost && after >= session.SavedSeq)
        {
            yield return ReaderFrame.Ping; // a response's headers go out with its first frame
        }

        while (true)
        {
            if (isLost)
            {
                if (await SnapshotAsync(cancellationToken) is not { } snapshot)
                {
                    break;
                }

                (after, isLost) = (snapshot.Seq, false);
                yield return ReaderFrame.Reset(snapshot, writers.CursorOf(after));
            }

            var changed = writer.Tail.Changed;
            var ended = writer.Tail.IsEnded;
            var events = writer.Tail.ReadAfter(after);
            if (events is null)
            {
                // No further than is acknowledged here: what another owner wrote afterwards is that one's to tell.
                var fetching = ReadLogAsync(after, (int)Math.Min(LogWriter.BatchCap, writer.Tail.LastSeq - after));
                while (!await CompletesWithinAsync(fetching, pingEvery, cancellationToken))
                {
                    yield return ReaderFrame.Ping;
                }

                if (await fetching is not { } page)
                {
                    if (ended)
                    {
                        break;
                    }

                    yield return ReaderFrame.Ping; // Redis is away, and the session's writer sees that, too
                    await Task.Delay(RetryEvery, services.Time, cancellationToken);
                    continue;
                }

                (events, isLost) = (page.Events, page.FirstKept > after + 1); // trimmed before it came so far
            }

            if (isLost)
            {
                continue;
            }

            if (events.Count > 0)
            {
                after = events[^1].Seq;
                foreach (var told in pace.IsSlow && writer.Tail.LastSeq - after + events.Count > FarBehind ? Coalesce(events) : events)
                {
                    pace.Hand();
                    yield return new ReaderFrame(told.Type, told.Json, writers.CursorOf(told.Seq));
                    pace.Taken();
                }
            }
            else if (ended || (session.State is { Closed: true } closed && after >= closed.Seq))
            {
                break;
            }
            else
            {
                pace.CaughtUp();
                if (!await CompletesWithinAsync(changed, pingEvery, cancellationToken))
                {
                    yield return ReaderFrame.Ping;
                }
            }
        }

        if (!session.State.Closed)
        {
            yield return ReaderFrame.Moved;
        }
    }

    private Reading Enter()
    {
        Interlocked.Increment(ref _readers);
        session.Presence.Come();
        return new Reading(this, services.Subscriptions.Enter("reader"));
    }

    private void Leave()
    {
        session.Touch();
        if (Interlocked.Decrement(ref _readers) == 0)
        {
            session.Presence.Leave();
        }
    }

    private IReadOnlyList<LoggedEvent> Coalesce(IReadOnlyList<LoggedEvent> events)
    {
        var told = TokenRun.Coalesce(events);
        services.Metrics.Coalesced(events.Count - told.Count);
        return told;
    }

    // Null: Redis did not answer.
    private async Task<LogPage?> ReadLogAsync(long after, int most)
    {
        try
        {
            return await services.Log.ReadAsync(session.Grant.Session, after, most);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return null;
        }
    }

    // Once the log holds it; null: it never will.
    private async Task<SessionSnapshot?> SnapshotAsync(CancellationToken cancellationToken)
    {
        var snapshot = session.State.ToSnapshot();
        return await writer.AcknowledgedAsync(snapshot.Seq, cancellationToken) ? snapshot : null;
    }

    private async Task<bool> CompletesWithinAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(limit, services.Time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private sealed class Reading(SessionReader reader, IDisposable counted) : IDisposable
    {
        public void Dispose()
        {
            counted.Dispose();
            reader.Leave();
        }
    }
}
