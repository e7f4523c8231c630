using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>A pod with hundreds of running answers goes: told to, or not.</summary>
public sealed class ManySessionsTests(ManySessionsTests.OwnSystem system) : IClassFixture<ManySessionsTests.OwnSystem>
{
    [Fact]
    public async Task Agent_DrainedWith200RunningAnswers_LosesNoneAndExitsWith0()
    {
        await using var fleet = new Fleet(system);
        await fleet.ReadyAsync("agent", 2);
        var (process, pod, conversations) = await fleet.CrowdAsync(200);
        await using var drained = process;
        var witnesses = await TalkAsync(conversations);

        await fleet.DrainAsync(pod, new { softSeconds = 0, hardSeconds = 4 }); // some end before, and some are in mid-turn then
        for (var i = 0; i < 10; i++)
        {
            using var late = await Conversation.OpenAsync(system);
            Assert.NotEqual(pod.Name, (await fleet.OwnerAsync(late.Id))!.Name);
        }

        Assert.Equal(0, await process.ExitAsync());
        var (soft, hard) = (0, 0);
        foreach (var (conversation, witness) in conversations.Zip(witnesses))
        {
            var seen = await witness.SeenAsync();
            Witness.AssertIsLog(seen, await fleet.LogAsync(conversation.Id));
            Assert.Equal("turn.completed", (string)seen[^1]["type"]!);
            Assert.Empty(witness.Notices); // a client notices nothing
            var moved = seen.Exists(happened => (string)happened["type"]! == "session.moved");
            (soft, hard) = moved ? (soft, hard + 1) : (soft + 1, hard);
        }

        Assert.True(soft > 0 && hard > 0, $"{soft} answers ended before the hard deadline, {hard} were moved in mid-turn");
        Assert.DoesNotContain("Exception", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_KilledWith300RunningAnswers_AllGoOnEachTakenOnceAndKeepTheirCohort()
    {
        await using var fleet = new Fleet(system);
        await fleet.ReadyAsync("agent", 2);
        using var admin = new OperatorClient(system.Gateway("operator"));
        await admin.ReleaseAsync("coin", new { patch = new { language = "la" }, percent = 50, salt = "coin" });
        await admin.ReleaseAsync("coin", step: "start", revision: 1);
        var (process, _, conversations) = await fleet.CrowdAsync(300);
        await using var victim = process;
        var witnesses = await TalkAsync(conversations);
        var before = await Task.WhenAll(conversations.Select(conversation => conversation.CohortAsync()));
        Assert.Equal(2, before.Distinct().Count());
        await witnesses[^1].ReachedAsync(5);

        process.KillHard();

        foreach (var (conversation, witness) in conversations.Zip(witnesses))
        {
            var seen = await witness.SeenAsync();
            Witness.AssertIsLog(seen, await fleet.LogAsync(conversation.Id));
            Assert.Equal("turn.completed", (string)seen[^1]["type"]!);
            Assert.True(await fleet.EpochAsync(conversation.Id) <= 2, "it was taken more than once");
        }

        // On another connection, through another pod.
        Assert.Equal(before, await Task.WhenAll(conversations.Select(conversation => conversation.CohortAsync())));
    }

    // Each with one input, and a client that reads; WebSocket and SSE by turns.
    private static async Task<Witness[]> TalkAsync(List<Conversation> conversations)
    {
        var witnesses = new Witness[conversations.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, conversations.Count), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var turn = await conversations[i].SayAsync("1", $"Tell me about {i}.");
            witnesses[i] = Witness.Of(i % 2 == 0 ? conversations[i].EventsAsync() : (await conversations[i].ConnectAsync()).FramesAsync(), turn);
        });
        return witnesses;
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Simulator:Speed=0.25"]; // answers of some 5 to 15 s
    }
}
