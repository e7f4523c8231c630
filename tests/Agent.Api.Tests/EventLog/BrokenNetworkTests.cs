using System.Collections.Concurrent;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.EventLog;

/// <summary>I1 and I2 with the writers that pods use, over a network that breaks in every way at any moment.</summary>
public class BrokenNetworkTests(RedisPair servers)
{
    private enum Fault
    {
        None,
        Cut,
        Refused,
        ReplyLost,
    }

    [Theory]
    [InlineData(RedisKind.Server)]
    [InlineData(RedisKind.Garnet)]
    public async Task Owners_OnANetworkThatBreaks_WriteOneHistoryAndReleaseNothingElse(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);
        var server = await servers.GetAsync(kind);
        await using var a = await Pod.StartAsync(agent, server, "a");
        await using var b = await Pod.StartAsync(agent, server, "b");
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (released, history) = (new ConcurrentDictionary<long, string>(), new List<LoggedEvent>());
        agent.Options.KeptTurns = 30; // more than is said in a round

        var (pod, other) = (a, b);
        await pod.TakeAsync();
        for (var round = 0; round < LongMode.Times(5, 100); round++)
        {
            // The owner writes, and is taken from in mid-answer, with some of it on the way.
            await WriteAsync(pod, random, released);
            var isCutOff = random.Next(2) == 0;
            if (isCutOff)
            {
                pod.Proxy.Mode = ProxyMode.Pauses;
            }

            pod.Write();
            await other.TakeAsync();
            other.Write();
            await other.SavedAsync();
            pod.Write();
            pod.Proxy.Mode = ProxyMode.Forwards; // all that it had sent arrives now
            Assert.Equal(SessionEndReason.Fenced, await pod.Writer.Ended);
            Collect(pod, released);
            await FollowAsync(agent, history);
            (pod, other) = (other, pod);
        }

        await pod.SavedAsync();
        Collect(pod, released);
        await FollowAsync(agent, history);
        Assert.Equal(history.Count, history.Select(logged => Said(WireJson.ReadEvent(logged.Json))).Distinct().Count());
        Assert.All(released, entry => Assert.Equal(history[(int)entry.Key - 1].Json, entry.Value));
        var kept = await agent.Log.ReadAsync(agent.Id, 0, 100_000);
        Assert.Equal(history.Skip((int)kept.FirstKept - 1), kept.Events);
        await other.TakeAsync();
        Assert.Equal(Told(history.Aggregate(SessionState.Empty, (state, logged) => state.Apply(WireJson.ReadEvent(logged.Json)))), Told(other.State));
    }

    // A reader that no network comes between.
    private static async Task FollowAsync(AgentHarness agent, List<LoggedEvent> history)
    {
        var page = await agent.Log.ReadAsync(agent.Id, history.Count, 100_000);
        Assert.InRange(page.FirstKept, 1, history.Count + 1);
        Assert.Equal(page.Events.Select(logged => logged.Seq), page.Events.Select(logged => WireJson.ReadEvent(logged.Json).Seq));
        history.AddRange(page.Events);
    }

    private static async Task WriteAsync(Pod pod, Random random, ConcurrentDictionary<long, string> released)
    {
        for (var i = random.Next(5, 30); i > 0; i--)
        {
            for (var burst = random.Next(1, 40); burst > 0; burst--)
            {
                pod.Write();
            }

            switch ((Fault)random.Next(4))
            {
                case Fault.Cut:
                    pod.Proxy.Cut();
                    break;
                case Fault.Refused:
                    pod.Proxy.Mode = ProxyMode.Refuses;
                    pod.Write();
                    pod.Proxy.Mode = ProxyMode.Forwards;
                    break;
                case Fault.ReplyLost:
                    pod.Proxy.Mode = ProxyMode.LosesReplies;
                    pod.Write();
                    await Poll.UntilAsync(() => pod.Proxy.HasLostReplies, "a reply to be lost");
                    pod.Proxy.Mode = ProxyMode.Forwards;
                    break;
                default:
                    break;
            }

            if (random.Next(3) == 0)
            {
                await pod.SavedAsync();
            }

            Collect(pod, released);
        }
    }

    // What readers of that pod may have been told.
    private static void Collect(Pod pod, ConcurrentDictionary<long, string> released)
    {
        foreach (var logged in pod.Writer.Tail.ReadAfter(Math.Max(pod.Writer.Tail.LastSeq - 256, pod.TakenAt)) ?? [])
        {
            Assert.Equal(logged.Json, released.GetOrAdd(logged.Seq, logged.Json));
        }
    }

    // Each event says something that no other says.
    private static string Said(SessionEvent happened) => happened switch
    {
        InputAccepted e => e.Id,
        TokenProduced e => e.Text,
        _ => $"{happened.GetType().Name} {happened.Turn}",
    };

    private static string Told(SessionState state) =>
        $"{state.Seq}: {string.Join('|', state.Messages.Select(message => message.Text))} {state.Running?.PartialText}";

    /// <summary>A pod's side of one session: its connection, its writer, its fold.</summary>
    private sealed class Pod(AgentHarness agent, CuttingProxy proxy, ConnectionMultiplexer redis, string name) : IAsyncDisposable
    {
        private const int TokensOfATurn = 50;

        private readonly SessionServices _services = agent.Services with
        {
            Log = new SessionLog(redis), Busy = new BusySessions(redis, AgentHarness.Instance(name)),
        };

        private int _said;

        public CuttingProxy Proxy => proxy;

        public LogWriter Writer { get; private set; } = null!;

        public SessionState State { get; private set; } = SessionState.Empty;

        public long TakenAt { get; private set; }

        public static async Task<Pod> StartAsync(AgentHarness agent, RedisProcess server, string name)
        {
            var proxy = CuttingProxy.Start(server.Port);
            var options = ConfigurationOptions.Parse(RedisProcess.Through(proxy.Port));
            (options.AsyncTimeout, options.ConnectTimeout, options.AbortOnConnectFail) = (500, 500, false);
            (options.HeartbeatInterval, options.ReconnectRetryPolicy) = (TimeSpan.FromMilliseconds(50), new LinearRetry(20));
            return new Pod(agent, proxy, await ConnectionMultiplexer.ConnectAsync(options), name);
        }

        /// <summary>Takes the session as a gateway's call would have it, until that succeeds.</summary>
        public Task TakeAsync() => Poll.UntilAsync(
            async () =>
            {
                try
                {
                    var owner = await _services.Log.FindOwnerAsync(agent.Id);
                    if (await _services.Log.TakeAsync(agent.Id, owner?.Token ?? "", name) is not { } grant)
                    {
                        return false;
                    }

                    (State, var writers) = await _services.Log.HydrateAsync(grant);
                    (Writer, TakenAt) = (_services.Writer(grant, SessionState.Empty with { Tenant = "demo" }, writers), grant.LastSeq);
                    return true;
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException)
                {
                    return false;
                }
            },
            "the session to be taken");

        public void Write()
        {
            var happened = Next() with { Seq = State.Seq + 1, At = DateTimeOffset.UnixEpoch };
            State = State.Apply(happened);
            Writer.Enqueue(happened, State);
        }

        public async Task SavedAsync() => Assert.True(await Writer.AcknowledgedAsync(State.Seq, default));

        public async ValueTask DisposeAsync()
        {
            Writer?.Lose();
            await redis.DisposeAsync();
            await proxy.DisposeAsync();
        }

        private SessionEvent Next() => State switch
        {
            { Running: { } running } => ++_said % TokensOfATurn == 0
                ? new TurnCompleted("stop", new TokenUsage(1, 1), 1) { Turn = running.Id }
                : new TokenProduced($"{name}{TakenAt}.{State.Seq} ") { Turn = running.Id },
            { Waiting: [var waiting, ..] } => new TurnStarted(waiting.Id, new Dictionary<string, long>()) { Turn = waiting.Turn },
            _ => new InputAccepted($"{name}{TakenAt}.{State.Seq}", "hello") { Turn = $"{name}{TakenAt}.{State.Seq}" },
        };
    }
}
