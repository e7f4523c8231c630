using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>Clients come, talk and go, a share of them in mid-answer: nothing of them stays in memory.</summary>
public sealed class ChurnTests(ChurnTests.OwnSystem system) : IClassFixture<ChurnTests.OwnSystem>
{
    private const int Quarters = 4;
    private const int AtOnce = 12;
    private const double Tolerance = 1.05;
    private const long ToleranceBytes = 2_000_000; // over all processes: tables that grow by doubling, and code that is compiled late

    [Fact]
    public async Task Cycles_ManyAndSomeBrokenOff_LeaveNoSubscriptionAndNoMemory()
    {
        await using var fleet = new Fleet(system);
        List<Pod> pods = [.. await fleet.ReadyAsync("agent", 2), .. await fleet.ReadyAsync("gateway", 1)];
        using var gateway = system.Gateway();
        using (var conversation = await Conversation.OpenAsync(system))
        using (await conversation.ConnectAsync())
        {
            Assert.Equal(5, (await LiveAsync(pods)).Count); // the gateway's socket; the agent's session, its turns, its configuration, its reader
        }

        var heaps = new List<long>();
        for (var quarter = 0; quarter < Quarters; quarter++)
        {
            var cycles = LongMode.Times(normally: 2_000, inLongMode: 20_000) / Quarters;
            await Parallel.ForEachAsync(
                Enumerable.Range(quarter * cycles, cycles), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await CycleAsync(gateway, i));
            await Poll.UntilAsync(async () => await LiveAsync(pods) is { Count: 0 }, () => "subscriptions to end");
            heaps.Add((await Task.WhenAll(pods.Select(pod => ProcessMetrics.ManagedHeapAsync(pod.Pid)))).Sum());
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"managed memory after each quarter: {string.Join(", ", heaps)} bytes");
        Assert.True(heaps[3] < (heaps[1] * Tolerance) + ToleranceBytes, $"it grew from {heaps[1]} to {heaps[3]} bytes");
        system.Printed.AssertNoException();
    }

    private async Task CycleAsync(HttpClient gateway, int i)
    {
        if (i % 4 == 0)
        {
            await Completion.AskAsync(gateway, $"Tell me about {i}.", _ => { });
            return;
        }

        if (i % 20 == 1)
        {
            await BreakOffAsync(gateway, i);
            return;
        }

        using var conversation = await Conversation.OpenAsync(system);
        using var socket = i % 2 == 0 ? await conversation.ConnectAsync() : null;
        var events = (socket?.FramesAsync() ?? conversation.EventsAsync()).GetAsyncEnumerator();
        await using var reading = events;
        await conversation.SayAsync("1", $"What of {i}?");
        var isBrokenOff = i % 10 == 3;
        while (await events.MoveNextAsync() && (string)events.Current["type"]! is var type && type != "turn.completed")
        {
            if (isBrokenOff && type == "token")
            {
                break;
            }
        }
    }

    // A completion whose caller hangs up after the first words.
    private static async Task BreakOffAsync(HttpClient gateway, int i)
    {
        using var hangUp = new CancellationTokenSource();
        try
        {
            await Completion.AskAsync(gateway, $"Tell me about {i}.", _ => hangUp.Cancel(), hangUp.Token);
        }
        catch (OperationCanceledException) when (hangUp.IsCancellationRequested)
        {
            // As it was meant to be.
        }
    }

    // Live subscriptions that belong to sessions and clients, by pod and kind.
    private static async Task<Dictionary<string, double>> LiveAsync(List<Pod> pods)
    {
        var live = new Dictionary<string, double>();
        foreach (var pod in pods)
        {
            foreach (var (name, value) in await ProcessMetrics.ReadAsync(pod.Pid, "AspireAgent.Agent", "AspireAgent.Gateway"))
            {
                if (value > 0 && (name.StartsWith("aspireagent.subscription.live", StringComparison.Ordinal) || name.StartsWith("aspireagent.session.active", StringComparison.Ordinal)))
                {
                    live[$"{pod.Name} {name}"] = value;
                }
            }
        }

        return live;
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings =>
        [
            "--Simulator:Speed=20", "--Sessions:PutAsideAfter=00:00:02", "--Sessions:EphemeralPutAsideAfter=00:00:02", .. PrintedLines.Settings,
        ];
    }
}
