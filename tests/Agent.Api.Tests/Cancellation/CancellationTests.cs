using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>
/// Whatever ends a turn before its time, and whatever the turn is doing then: the simulator sees the sockets closed, of each single try
/// (I5). Normally 500 tries for each of model, hedged loser and tool, over all acts and causes; in the long mode for each of these.
/// </summary>
[Collection(Alone.Name)]
public sealed class CancellationTests(CancellationFixture fixture) : IClassFixture<CancellationFixture>
{
    private const int Tries = 500;
    private const int AtOnce = 50;
    private const int MostYields = 200;

    private static readonly Cause[] Causes = Enum.GetValues<Cause>();

    private readonly CancellationSystem _system = fixture.System;

    public static TheoryData<string, Cause> Cells => [.. Act.All.SelectMany(_ => Causes, (act, cause) => (act.Name, cause))];

    // A client that has gone is given a second to come back: that is no instant.
    public static TheoryData<string, Cause> Instants => [.. Act.All.SelectMany(_ => Causes.Except([Cause.ClientGone]), (act, cause) => (act.Name, cause))];

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Turn_MadeToEndInTheAct_HasItsSocketsClosed(string name, Cause cause)
    {
        var act = Act.Of(name);
        var cells = Act.All.Count(other => other.Concerns == act.Concerns) * Causes.Length;
        foreach (var count in Waves(LongMode.Times(normally: (Tries + cells - 1) / cells, inLongMode: Tries)))
        {
            var tries = await _system.ReachAsync(act, count);

            await _system.EndAsync(cause, tries);

            await _system.SeenAsync(tries, cause);
            await EndedAsync(tries, cause);
            Assert.Empty(await _system.MissingAsync(tries, cause)); // nor has anything else come
            await _system.Log.ForgetAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task Turn_MadeToEndAtAnyInstant_LeavesNothingOpen(string name, Cause cause)
    {
        var random = new Random(1);
        foreach (var count in Waves(LongMode.Times(normally: 15, inLongMode: Tries)))
        {
            var tries = await _system.BeginAsync(Act.Of(name), count);
            for (var yields = random.Next(MostYields); yields > 0; yields--)
            {
                await Task.Yield();
            }

            await _system.EndAsync(cause, tries);

            await EndedAsync(tries, cause);
            await _system.Log.ForgetAsync();
        }
    }

    // By the log, by that cause; and afterwards nothing runs any more.
    private async Task EndedAsync(Try[] tries, Cause cause)
    {
        await Task.WhenAll(tries.Select(one => EndedAsync(one, cause)));
        await Task.WhenAll(tries.Select(one => one.DisposeAsync().AsTask()));
        await _system.CalmAsync();
    }

    private static async Task EndedAsync(Try one, Cause cause)
    {
        if (cause is Cause.HardDrain)
        {
            Assert.Equal(SessionEndReason.HandedOver, await one.Session.Ended);
            Assert.Null(await one.EndOfTurnAsync()); // it goes on elsewhere
        }
        else
        {
            var end = await Poll.UntilAsync(one.EndOfTurnAsync, "the turn's end in the log");
            Assert.Equal(ByOf(cause), Assert.IsType<TurnCancelled>(end).By);
        }
    }

    private static IEnumerable<int> Waves(int tries) => Enumerable.Range(0, tries).Chunk(AtOnce).Select(wave => wave.Length);

    private static CancelledBy ByOf(Cause cause) => cause switch
    {
        Cause.Stop => CancelledBy.User,
        Cause.BargeIn => CancelledBy.Interrupt,
        Cause.ClientGone => CancelledBy.Disconnect,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, null),
    };
}
