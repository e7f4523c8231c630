using AspireAgent.Agent.Sessions;

namespace AspireAgent.Agent.Tests.Sessions;

public class HydrationGateTests
{
    [Fact]
    public async Task Enter_MoreThanPlaces_Wait()
    {
        var gate = new HydrationGate(2);
        using var first = await gate.EnterAsync(isUrgent: false, default);
        using var second = await gate.EnterAsync(isUrgent: true, default);
        var third = gate.EnterAsync(isUrgent: true, default);
        Assert.False(third.IsCompleted);

        second.Dispose();
        second.Dispose(); // gives one place back, not two
        using var place = await third;

        Assert.False(gate.EnterAsync(isUrgent: true, default).IsCompleted);
    }

    [Fact]
    public async Task Enter_SomethingRunsInIt_ComesFirst()
    {
        var gate = new HydrationGate(1);
        var place = await gate.EnterAsync(isUrgent: false, default);
        var (quiet, running, later) = (gate.EnterAsync(false, default), gate.EnterAsync(true, default), gate.EnterAsync(true, default));

        place.Dispose();
        (await running).Dispose();
        (await later).Dispose();
        (await quiet).Dispose();

        Assert.True(gate.EnterAsync(false, default).IsCompletedSuccessfully, "a place was lost");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Enter_Cancelled_LeavesThePlaceToTheNext(bool isUrgent)
    {
        var gate = new HydrationGate(1);
        var place = await gate.EnterAsync(false, default);
        using var gone = new CancellationTokenSource();
        var (waits, next) = (gate.EnterAsync(isUrgent, gone.Token), gate.EnterAsync(false, default));

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.False(next.IsCompleted);
        place.Dispose();

        (await next).Dispose();
        Assert.True(gate.EnterAsync(false, default).IsCompletedSuccessfully, "a place was lost");
    }

    [Fact]
    public async Task Enter_ManyAtOnce_NeverMoreInsideThanPlaces()
    {
        var (gate, inside, most) = (new HydrationGate(3), 0, 0);

        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            using var gone = new CancellationTokenSource();
            var entering = gate.EnterAsync(i % 2 == 0, gone.Token);
            if (i % 5 == 0)
            {
                await gone.CancelAsync(); // a race between having it and going
            }

            try
            {
                using var place = await entering;
                var now = Interlocked.Increment(ref inside);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Decrement(ref inside);
            }
            catch (OperationCanceledException)
            {
                // It went before it had a place.
            }
        });

        Assert.InRange(most, 1, 3);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(gate.EnterAsync(false, default).IsCompletedSuccessfully, "a place was lost");
        }

        Assert.False(gate.EnterAsync(false, default).IsCompleted, "a place was won");
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (var seen = Volatile.Read(ref most); now > seen;)
        {
            seen = Interlocked.CompareExchange(ref most, now, seen) is var there && there == seen ? now : there;
        }
    }
}
