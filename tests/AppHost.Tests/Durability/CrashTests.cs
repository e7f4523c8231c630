using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>A pod dies in mid-sentence, again and again, and no client notices.</summary>
public sealed class CrashTests(CrashTests.OwnSystem system) : IClassFixture<CrashTests.OwnSystem>
{
    private const int LongestWait = 60; // events; an answer has some 30 to 150 of them

    [Fact]
    public async Task Owner_KilledInMidAnswer_EveryProtocolTellsTheLogAndNothingElse()
    {
        await using var fleet = new Fleet(system);
        var (cut, seed) = (0, Random.Shared.Next());
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < LongMode.Times(normally: 10, inLongMode: 200); round++)
        {
            cut += await KillOnceAsync(fleet, random, round);
        }

        // All of them may by chance have been over when the pod died; not most of them.
        Assert.True(cut > LongMode.Times(normally: 10, inLongMode: 200), $"{cut} answers were cut");
    }

    // Returns how many answers were cut, of four.
    private async Task<int> KillOnceAsync(Fleet fleet, Random random, int round)
    {
        await fleet.ReadyAsync("agent", 2);
        using var gateway = system.Gateway();
        using var first = await Conversation.OpenAsync(system);
        using var second = await Conversation.OpenAsync(system);
        var (firstTurn, secondTurn) = (await first.SayAsync("1", $"Tell me all of {round}."), await second.SayAsync("1", $"And what of {round}?"));
        using var socket = await first.ConnectAsync();
        using var otherSocket = await second.ConnectAsync();
        Witness[] witnesses =
        [
            Witness.Of(first.EventsAsync(), firstTurn), Witness.Of(socket.FramesAsync(), firstTurn),
            Witness.Of(second.EventsAsync(), secondTurn), Witness.Of(otherSocket.FramesAsync(), secondTurn),
        ];
        var begun = new List<string>();
        var completions = Enumerable.Range(0, 2).Select(i => Completion.AskAsync(gateway, $"Explain {round}.{i} to me.", session =>
        {
            lock (begun)
            {
                begun.Add(session);
            }
        })).ToList();

        await witnesses[random.Next(witnesses.Length)].ReachedAsync(random.Next(LongestWait));
        var victim = await fleet.OwnerAsync(random.Next(3) switch
        {
            0 => first.Id,
            1 => second.Id,
            _ => begun.Count > 0 ? begun[0] : first.Id,
        });
        UnixSignal.Kill(victim!.Pid);

        var cut = 0;
        foreach (var (witness, session) in witnesses.Zip([first.Id, first.Id, second.Id, second.Id]))
        {
            var seen = await witness.SeenAsync();
            var log = await fleet.LogAsync(session);
            Witness.AssertIsLog(seen, log);
            Assert.Empty(witness.Notices);
            Assert.Equal("turn.completed", (string)seen[^1]["type"]!);
        }

        foreach (var answer in await Task.WhenAll(completions))
        {
            var log = await fleet.LogAsync(answer.Session);
            Assert.Equal(("stop", true, 1), (answer.Finish, answer.IsDone, answer.Ids.Count));
            Assert.Equal(Witness.Tokens(log), answer.Text);
            cut += log.Exists(happened => (string)happened["type"]! == "session.moved") ? 1 : 0;
        }

        foreach (var session in (string[])[first.Id, second.Id])
        {
            cut += (await fleet.LogAsync(session)).Exists(happened => (string)happened["type"]! == "session.moved") ? 1 : 0;
        }

        return cut;
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Restart=true"];
    }
}
