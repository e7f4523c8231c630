using System.Runtime.CompilerServices;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Sessions;

/// <summary>What clients read of a session: its log from any place, and then as it grows. A slow reader holds nothing here.</summary>
internal sealed class SessionReader(Session session, LogWriter writer, WriterHistory writers, SessionServices services)
{
    private int _readers;

    /// <summary>Whether somebody reads.</summary>
    public bool IsInUse => Volatile.Read(ref _readers) > 0;

    /// <summary>Whether a client can go on from <paramref name="cursor"/>; if not, it needs a snapshot.</summary>
    public bool CanResume(Cursor cursor) => writers.Knows(cursor, session.SavedSeq);

    /// <summary>The cursor of an event that was written.</summary>
    public Cursor CursorOf(long seq) => writers.CursorOf(seq);

    /// <summary>The conversation as it stands, once the log holds it; null: it never will.</summary>
    public async Task<SessionSnapshot?> SnapshotAsync(CancellationToken cancellationToken)
    {
        var snapshot = session.State.ToSnapshot();
        return await writer.AcknowledgedAsync(snapshot.Seq, cancellationToken) ? snapshot : null;
    }

    /// <summary>
    /// What the log holds after <paramref name="after"/>, and then what it comes to hold, in order; an empty batch when there was
    /// nothing for <paramref name="pingEvery"/>. Ends with the session, or when this pod may no longer write it.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<LoggedEvent>> ReadAsync(
        long after, TimeSpan pingEvery, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var counted = services.Subscriptions.Enter("reader");
        Interlocked.Increment(ref _readers);
        try
        {
            while (true)
            {
                var changed = writer.Tail.Changed;
                var ended = writer.Tail.IsEnded;
                var events = writer.Tail.ReadAfter(after)
                    ?? (await services.Log.ReadAsync(session.Grant.Session, after, LogWriter.BatchCap)).Events;
                if (events.Count > 0)
                {
                    after = events[^1].Seq;
                    yield return events;
                }
                else if (ended || (session.State is { Closed: true } closed && after >= closed.Seq))
                {
                    yield break;
                }
                else if (!await CompletesWithinAsync(changed, pingEvery, cancellationToken))
                {
                    yield return [];
                }
            }
        }
        finally
        {
            session.Touch();
            Interlocked.Decrement(ref _readers);
        }
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
}
