using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Bench.Sessions;

/// <summary>
/// On a system that <c>./run -- --Simulator:Speed=0 --Restart=true --Agents:Replicas=3</c> has started: how long the client of a
/// session waits when its pod dies in mid-answer, and when it is drained. The cut answer drips, a token each 20 ms, so that there is a middle;
/// what the next pod asks of the model is answered without delay. Each pod has answered before, and a new one has not taken over anything yet.
/// </summary>
internal static class TakeoverBench
{
    private const int Drip = 20;

    public static async Task RunAsync(int kills)
    {
        using var system = await RunningSystem.FindAsync();
        var agents = (await system.PodsAsync("agent")).Count;
        if (agents < 2)
        {
            throw new InvalidOperationException("A take-over needs two agents.");
        }

        Console.WriteLine($"{agents} agents; the cut answer drips a token each {Drip} ms");
        await DrainAsync(system, agents, kills);
        await KillAsync(system, agents, kills);
    }

    private static async Task KillAsync(RunningSystem system, int agents, int kills)
    {
        var (events, tokens) = (new Dictionary<string, Latencies>(), new Dictionary<string, Latencies>());
        for (var round = 0; round < kills; round++)
        {
            await InServiceAsync(system, agents);
            await system.OrderAsync(new { drip = Drip, count = 1 });
            var client = await SessionClient.OpenAsync(system, isSocket: round % 2 == 1);
            var owner = await PodOfAsync(system, client);
            await client.SayAsync("1", $"Tell me a long story, number {round}.");
            var killAfter = 3 + (round % 10);
            var (killedAt, seen) = (0L, 0);
            var gap = await FollowAsync(client, before =>
            {
                if (before.Type == "token" && ++seen == killAfter)
                {
                    killedAt = TimeProvider.System.GetTimestamp();
                    Process.GetProcessById((int)owner["pid"]!).Kill();
                }

                return Task.CompletedTask;
            });
            For(events, client.Protocol).Add(TimeProvider.System.GetElapsedTime(killedAt, gap.FirstEvent));
            For(tokens, client.Protocol).Add(TimeProvider.System.GetElapsedTime(killedAt, gap.FirstToken));
        }

        foreach (var protocol in events.Keys)
        {
            Console.WriteLine($"kill -9, {protocol,-9} to the next event    {events[protocol]}");
            Console.WriteLine($"kill -9, {protocol,-9} to the next token    {tokens[protocol]}");
        }
    }

    private static async Task DrainAsync(RunningSystem system, int agents, int drains)
    {
        var (atOnce, atTurnEnd, idle, atRest) = (new Latencies(), new Latencies(), new Latencies(), new Latencies());
        for (var round = 0; round < drains; round++)
        {
            var midAnswer = await MoveAsync(system, agents, round, isHard: true);
            atOnce.Add(TimeProvider.System.GetElapsedTime(midAnswer.LastToken, midAnswer.FirstToken));
            var turnEnd = await MoveAsync(system, agents, round, isHard: false);
            atTurnEnd.Add(TimeProvider.System.GetElapsedTime(turnEnd.LastEvent, turnEnd.FirstToken));
            var (input, before) = await MoveIdleAsync(system, agents, round);
            idle.Add(input);
            atRest.Add(before);
        }

        Console.WriteLine($"drain, in mid-answer    last token to next token {atOnce}");
        Console.WriteLine($"drain, at a turn's end  last event to next token {atTurnEnd}");
        Console.WriteLine($"drain, idle             input to first token     {idle}");
        Console.WriteLine($"no drain                input to first token     {atRest}");
    }

    // Hard: in mid-answer. Else at its end, another input waiting, so that the start of a turn is part of it.
    private static async Task<Gap> MoveAsync(RunningSystem system, int agents, int round, bool isHard)
    {
        await InServiceAsync(system, agents);
        await system.OrderAsync(new { drip = Drip, count = 1 });
        var client = await SessionClient.OpenAsync(system, isSocket: round % 2 == 1);
        var pod = await client.OwnerAsync();
        await client.SayAsync("1", $"Tell me a long story, number {round}.");
        var (seen, draining) = (0, Task.CompletedTask);
        var gap = await FollowAsync(client, async before =>
        {
            if (before.Type == "token" && ++seen == 3)
            {
                if (!isHard)
                {
                    await client.SayAsync("2", "And another one.");
                }

                draining = DrainAsync(system, pod, hardSeconds: isHard ? 0 : 60);
            }
        });
        await draining;
        await UndrainAsync(system, pod);
        return gap;
    }

    // An input that comes just when its pod lets go of the session; and what the same takes before that.
    private static async Task<(TimeSpan Moved, TimeSpan AtRest)> MoveIdleAsync(RunningSystem system, int agents, int round)
    {
        await InServiceAsync(system, agents);
        var client = await SessionClient.OpenAsync(system, isSocket: round % 2 == 1);
        var pod = await client.OwnerAsync();
        await using var events = client.EventsAsync(CancellationToken.None).GetAsyncEnumerator();
        var atRest = await AnswerAsync(client, events, "1");
        await DrainAsync(system, pod, hardSeconds: 60);
        var moved = await AnswerAsync(client, events, "2");
        await UndrainAsync(system, pod);
        return (moved, atRest);
    }

    private static async Task<TimeSpan> AnswerAsync(SessionClient client, IAsyncEnumerator<Seen> events, string input)
    {
        var (asked, answered) = (TimeProvider.System.GetTimestamp(), 0L);
        await client.SayAsync(input, "Tell me a story.");
        while (await events.MoveNextAsync() && !events.Current.EndsTurn)
        {
            answered = events.Current.Type == "token" && answered == 0 ? events.Current.At : answered;
        }

        return TimeProvider.System.GetElapsedTime(asked, answered);
    }

    /// <summary>Follows the session to the end of a turn of its second writer; <paramref name="before"/> sees the first one's events.</summary>
    private static async Task<Gap> FollowAsync(SessionClient client, Func<Seen, Task> before)
    {
        var (writer, seq) = ("", 0L);
        var gap = default(Gap);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await foreach (var happened in client.EventsAsync(limit.Token))
        {
            if (happened.From != seq + 1)
            {
                throw new InvalidOperationException($"After {seq} came {happened.From} to {happened.Seq}.");
            }

            seq = happened.Seq;
            writer = writer.Length == 0 ? happened.Writer : writer;
            if (happened.Writer == writer)
            {
                gap = gap with { LastEvent = happened.At, LastToken = happened.Type == "token" ? happened.At : gap.LastToken };
                await before(happened);
                continue;
            }

            gap = gap with
            {
                FirstEvent = gap.FirstEvent == 0 ? happened.At : gap.FirstEvent,
                FirstToken = gap.FirstToken == 0 && happened.Type == "token" ? happened.At : gap.FirstToken,
            };
            if (happened.EndsTurn)
            {
                return happened.Type == "turn.completed" && gap.FirstToken > 0
                    ? gap
                    : throw new InvalidOperationException($"The answer ended otherwise: {happened.Json}");
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }

    // All pods are there, and each has answered once, as pods in service have.
    private static async Task InServiceAsync(RunningSystem system, int agents)
    {
        await system.SettledAsync(agents);
        for (var answered = new HashSet<string>(); answered.Count < agents;)
        {
            var client = await SessionClient.OpenAsync(system, isSocket: false);
            if (answered.Add(await client.OwnerAsync()))
            {
                await client.SayAsync("1", "Are you there?");
                await foreach (var happened in client.EventsAsync(CancellationToken.None))
                {
                    if (happened.EndsTurn)
                    {
                        break;
                    }
                }
            }
        }
    }

    private static async Task<JsonObject> PodOfAsync(RunningSystem system, SessionClient client)
    {
        var name = await client.OwnerAsync();
        return (await system.PodsAsync("agent")).Single(pod => (string)pod["name"]! == name);
    }

    private static async Task DrainAsync(RunningSystem system, string pod, int hardSeconds)
    {
        using var answer = await system.Operator.PostAsJsonAsync(
            $"/v1/instances/{pod}/drain", new { softSeconds = 0, hardSeconds, exit = false });
        answer.EnsureSuccessStatusCode();
    }

    private static async Task UndrainAsync(RunningSystem system, string pod)
    {
        using var answer = await system.Operator.PostAsync($"/v1/instances/{pod}/undrain", null);
        answer.EnsureSuccessStatusCode();
    }

    private static Latencies For(Dictionary<string, Latencies> all, string key) => all.TryGetValue(key, out var known) ? known : all[key] = new Latencies();

    /// <summary>Timestamps on both sides of a move: the former writer's last, and the next one's first.</summary>
    private readonly record struct Gap(long LastEvent, long LastToken, long FirstEvent, long FirstToken);
}
