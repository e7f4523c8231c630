using System.Globalization;
using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Bench.Sessions;

/// <summary>
/// What a pod that takes a session over waits for: its state out of checkpoint and log. Beside it, in the same run and in turns, the plain
/// LRANGE of the events that are replayed.
/// </summary>
internal static class HydrateBench
{
    private const int TurnEvents = 100;
    private const int KeptTurns = 50;
    private const int WarmUp = 100;
    private const int Rounds = 500;

    private enum Shape
    {
        /// <summary>One answer that is cut off at its end: the longest that is ever replayed.</summary>
        OneTurn,

        /// <summary>Turns of 100 events, and no checkpoint, as if each had been put off.</summary>
        Turns,

        /// <summary>The same with the checkpoint that the last turn but one leaves, the log trimmed to 50 turns.</summary>
        Checkpoint,
    }

    public static async Task RunAsync()
    {
        foreach (var kind in Enum.GetValues<RedisKind>())
        {
            await using var redis = await RedisProcess.StartAsync(kind);
            await using var connection = await redis.ConnectAsync();
            foreach (var shape in Enum.GetValues<Shape>())
            {
                foreach (var events in new[] { 10, 1_000, 10_000 })
                {
                    await MeasureAsync(new SessionLog(connection), connection.GetDatabase(), kind, shape, events);
                }
            }
        }
    }

    private static async Task MeasureAsync(SessionLog log, IDatabase db, RedisKind kind, Shape shape, int events)
    {
        var session = Guid.NewGuid().ToString("N");
        var written = await WriteAsync(log, session, shape, events);
        var grant = await log.TakeAsync(session, written.Token, "next") ?? throw new InvalidOperationException("Somebody else took it.");
        var from = Math.Max(0, grant.CheckpointSeq + 1 - grant.FirstKept);
        var (hydration, plain) = (new Latencies(), new Latencies());
        for (var round = -WarmUp; round < Rounds; round++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var (state, _) = await log.HydrateAsync(grant);
            var hydrated = TimeProvider.System.GetTimestamp();
            var read = await db.ListRangeAsync(SessionKeys.Log(session), from);
            var done = TimeProvider.System.GetTimestamp();
            if (state.Seq != events || state.Running is null)
            {
                throw new InvalidOperationException($"The state stands at {state.Seq}.");
            }

            if (round >= 0)
            {
                hydration.Add(TimeProvider.System.GetElapsedTime(started, hydrated));
                plain.Add(TimeProvider.System.GetElapsedTime(hydrated, done));
            }
        }

        Console.WriteLine($"{kind,-6} {shape,-10} {events,6} events  hydration  {hydration}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kind,-6} {shape,-10} {events,6} events  LRANGE     {plain}   hydration : LRANGE = {hydration.At(0.5) / plain.At(0.5):0.0} at p50, {hydration.At(0.99) / plain.At(0.99):0.0} at p99"));
        await log.EraseAsync(session);
    }

    // The log as a session writes it, with its last turn cut off.
    private static async Task<WriteGrant> WriteAsync(SessionLog log, string session, Shape shape, int events)
    {
        var grant = await log.TakeAsync(session, "", "first") ?? throw new InvalidOperationException("Somebody else took it.");
        var (state, ended, batch) = (SessionState.Empty, SessionState.Empty, new List<LoggedEvent>());
        var facts = new SessionFacts("demo");
        foreach (var draft in Conversation(events, shape is Shape.OneTurn ? events : TurnEvents).Take(events))
        {
            var happened = draft with { Seq = state.Seq + 1, At = TimeProvider.System.GetUtcNow() };
            state = state.Apply(happened);
            ended = happened.EndsTurn ? state : ended;
            batch.Add(LoggedEvent.Of(happened));
            if (batch.Count == LogWriter.BatchCap || state.Seq == events)
            {
                await log.AppendAsync(
                    grant, batch[0].Seq, Guid.NewGuid().ToString("N"), facts, TimeSpan.FromHours(1),
                    new LogBatch([.. batch.Select(logged => logged.Json)], state.Running?.Id));
                batch.Clear();
            }
        }

        if (shape is Shape.Checkpoint && ended.Seq > 0)
        {
            var keepFrom = ended.Turns.Count > KeptTurns ? ended.Turns[^KeptTurns] : 1;
            await log.CheckpointAsync(grant, StoredCheckpoint.Of(ended), keepFrom, TimeSpan.FromHours(1), []);
        }

        return grant;
    }

    private static IEnumerable<SessionEvent> Conversation(int events, int perTurn)
    {
        yield return new SessionOpened("demo", "standard", "user");
        var build = new BuildId("0.1.0", "5f2c9e1ab37d", "sim-large", BuildId.NoIndex);
        for (var turn = 0; turn * perTurn < events; turn++)
        {
            var id = $"01J{turn:D23}";
            yield return new InputAccepted($"input-{turn}", "What is a canary, and what does it tell of the next release?") { Turn = id };
            yield return new TurnStarted($"input-{turn}", new Dictionary<string, long> { ["global"] = 1 }, "sim-large") { Turn = id };
            yield return new TokenProduced(" A", "5f2c9e1ab37d", build) { Turn = id };
            for (var token = 4; token < perTurn; token++)
            {
                yield return new TokenProduced(" release") { Turn = id };
            }

            if ((turn + 1) * perTurn < events)
            {
                yield return new TurnCompleted("stop", new TokenUsage(120, perTurn), 2.5, 0.35, "5f2c9e1ab37d") { Turn = id };
            }
        }

        while (true)
        {
            yield return new TokenProduced(" release") { Turn = $"01J{((events + perTurn - 1) / perTurn) - 1:D23}" };
        }
    }
}
