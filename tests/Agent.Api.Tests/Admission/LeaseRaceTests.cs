using AspireAgent.Agent.Admission.Leases;
using CsCheck;

namespace AspireAgent.Agent.Tests.Admission;

/// <summary>Real threads on one lease or pool.</summary>
public sealed class LeaseRaceTests : IDisposable
{
    private const int Threads = 64;

    private readonly AdmissionBed _bed = new(limit: 1_000_000);

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void TryTake_ManyThreadsTakeAndReturn_NeverMoreThanGranted()
    {
        var lease = new Lease("a");
        lease.Grant(new BudgetCost(1_000, 500), long.MaxValue);
        var (held, most, taken) = (0L, 0L, 0L);

        Race(thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 2_000; i++)
            {
                var cost = new BudgetCost(random.Next(1, 40), random.Next(0, 20));
                if (lease.TryTake(cost, 0))
                {
                    var now = Interlocked.Add(ref held, cost.Tokens);
                    InterlockedMax(ref most, now);
                    var kept = i % 100 == 0 ? Math.Min(cost.Tokens, 1) : 0;
                    Interlocked.Add(ref held, kept - cost.Tokens);
                    Interlocked.Add(ref taken, kept);
                    lease.Return(new BudgetCost(cost.Tokens - kept, cost.MicroUsd), 0);
                }
            }
        });

        Assert.InRange(most, 1, 1_000);
        Assert.Equal(new BudgetCost(1_000 - taken, 500), lease.Left);
    }

    [Fact]
    public void Seal_WhileManyTake_CountsEachTakeOnceOrRefusesIt()
    {
        for (var round = 0; round < 50; round++)
        {
            var lease = new Lease("a");
            lease.Grant(AdmissionBed.Cost(1_000_000), long.MaxValue);
            var taken = 0L;

            Race(thread =>
            {
                if (thread == 0)
                {
                    SpinWait.SpinUntil(() => Volatile.Read(ref taken) > 1_000);
                    lease.Seal();
                    return;
                }

                while (lease.TryTake(AdmissionBed.Cost(7), 0))
                {
                    Interlocked.Add(ref taken, 7);
                }
            });

            Assert.Equal(taken, lease.Spent.Tokens);
        }
    }

    // Whatever happens when: what was taken and not returned is what the ledger has granted in the end, and it never grants over its limit.
    [Fact]
    public void Pool_ThreadsTakeSettleAndOweWhileLeasesCloseAndBegin_NothingIsLostOrDouble()
    {
        Gen.Int[0, 1_000].Sample(
            seed =>
            {
                using var bed = new AdmissionBed(limit: 100_000_000);
                var used = 0L;
                var admitted = bed.Admit(1_000);
                bed.Sync();
                admitted.GetAwaiter().GetResult().Reservation.Settle(default);
                var pool = bed.Pool;
                using var done = new CountdownEvent(8);
                var threads = Enumerable.Range(0, 8).Select(thread => new Thread(() =>
                {
                    var random = new Random(seed + thread);
                    for (var i = 0; i < 500; i++)
                    {
                        var cost = AdmissionBed.Cost(random.Next(1, 50));
                        if (random.Next(3) > 0 && pool.TryTake(cost, out _))
                        {
                            Interlocked.Add(ref used, cost.Tokens);
                        }
                        else if (random.Next(3) == 0)
                        {
                            pool.Owe(cost);
                            Interlocked.Add(ref used, cost.Tokens);
                        }
                    }

                    done.Signal();
                })).ToList();
                threads.ForEach(thread => thread.Start());
                for (var i = 0; !done.IsSet; i++)
                {
                    if (i % 3 == 0)
                    {
                        pool.Close();
                    }

                    bed.Sync(answered: i % 5 != 0);
                    var waiter = bed.Admit(500);
                    bed.Sync(answered: i % 7 != 0);
                    pool.Waiters.RefuseAll(TimeSpan.Zero);
                    waiter.GetAwaiter().GetResult().Reservation.Settle(default);
                }

                threads.ForEach(thread => thread.Join());
                pool.Close();
                bed.Sync();
                pool.Close();
                bed.Sync();
                return bed.Ledger.Granted() == used;
            },
            iter: 20, threads: 1);
    }

    private static void Race(Action<int> run)
    {
        using var start = new Barrier(Threads);
        var threads = Enumerable.Range(0, Threads).Select(number => new Thread(() =>
        {
            start.SignalAndWait();
            run(number);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref most, value, seen) is var before && before == seen ? value : before;
        }
    }
}
