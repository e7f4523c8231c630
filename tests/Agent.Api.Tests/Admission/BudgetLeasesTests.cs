using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class BudgetLeasesTests : IDisposable
{
    private readonly AdmissionBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Admit_LeaseInHand_IsDecidedAtOnceAndAsksNobody()
    {
        await _bed.HoldAsync(100);

        var admitted = _bed.Admit(60);

        Assert.True(admitted.IsCompletedSuccessfully);
        Assert.True((await admitted).IsAdmitted);
        Assert.Equal(40, _bed.Pool.Left.Tokens);
        Assert.Single(_bed.Ledger.Heard);
    }

    [Fact]
    public async Task Admit_ManyTimesOnTheHotPath_AllocatesNothing()
    {
        var time = TimeProvider.System; // the fake one allocates
        var leases = new BudgetLeases(_bed.Allowance, _bed.Bell, Options.Create(new AdmissionOptions()), time, static () => 0, _bed.Metrics);
        var admitted = leases.AdmitAsync(AdmissionBed.Account, new BudgetCost(5_000, 5_000), isVip: false, default);
        var pool = leases.Pools.Single();
        var (lease, want) = Assert.Single(pool.Wants(remainingTokens: null, time.GetTimestamp()));
        pool.Hear(lease, new LeaseGrant(want.Id, 5_000, 5_000, 60_000), time.GetTimestamp(), time.GetTimestamp());
        (await admitted).Reservation.Settle(default);
        Decide(1_000); // the pool of reservations fills

        var before = GC.GetAllocatedBytesForCurrentThread();
        var count = Decide(10_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(10_000, count);
        Assert.Equal(new BudgetCost(5_000, 5_000), pool.Left);

        int Decide(int times)
        {
            var count = 0;
            for (var i = 0; i < times; i++)
            {
                var deciding = leases.AdmitAsync(AdmissionBed.Account, new BudgetCost(100, 10), isVip: false, default);
                var decision = deciding.IsCompletedSuccessfully ? deciding.Result : default;
                count += decision.IsAdmitted ? 1 : 0;
                decision.Reservation.Extend(new BudgetCost(5, 5), new BudgetCost(5, 5));
                decision.Reservation.Settle(default);
            }

            return count;
        }
    }

    [Fact]
    public async Task Admit_NoLease_WaitsForTheNextSyncAndRings()
    {
        var admitted = _bed.Admit(100);
        Assert.True(_bed.Bell.Rung.IsCompleted);
        Assert.False(admitted.IsCompleted);

        _bed.Sync();

        Assert.True((await admitted).IsAdmitted);
        Assert.Equal((100, 100), (_bed.Ledger.Last.WantTokens, _bed.Ledger.Last.LeastTokens));
    }

    [Fact]
    public async Task Admit_SeveralWaitAndThereIsEnoughForTheSmallOne_ItPassesTheLargeOne()
    {
        _bed.Ledger.Limit = 150;
        var (large, small) = (_bed.Admit(200), _bed.Admit(100));

        _bed.Sync();

        Assert.True((await small).IsAdmitted);
        Assert.Equal(100, _bed.Ledger.Last.LeastTokens);
        Assert.False((await large).IsAdmitted);
    }

    [Fact]
    public async Task Admit_BudgetIsSpent_IsRefusedUntilTheWindowsEnd()
    {
        _bed.Ledger.Limit = 50;
        _bed.Wait(20);
        var admitted = _bed.Admit(100);

        _bed.Sync();

        var decision = await admitted;
        Assert.False(decision.IsAdmitted);
        Assert.Equal(TimeSpan.FromSeconds(40), decision.RetryAfter);
        Assert.Equal(0, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Admit_BudgetIsSpentAndTheNextWindowIsNear_WaitsForIt()
    {
        _bed.Ledger.Limit = 150;
        await _bed.Admit(100, vip: true);
        _bed.Sync();
        _bed.Wait(59.5);
        var admitted = _bed.Admit(120);
        _bed.Sync();
        Assert.Equal(SyncNeed.None, Need());

        _bed.Wait(0.5);
        Assert.Equal(SyncNeed.Now, Need());
        _bed.Sync();

        Assert.True((await admitted).IsAdmitted);
    }

    [Fact]
    public async Task Admit_NoAnswerWithinASecond_IsRefused()
    {
        var admitted = _bed.Admit(100);

        _bed.Wait(0.99);
        Assert.False(admitted.IsCompleted);
        _bed.Wait(0.01);

        Assert.Equal(TimeSpan.FromSeconds(1.5), (await admitted).RetryAfter);
        Assert.False(_bed.Pool.Waiters.Any);
    }

    [Fact]
    public async Task Admit_CancelledWhileItWaits_TakesNothing()
    {
        using var cancelled = new CancellationTokenSource();
        var admitted = _bed.Admit(100, cancellationToken: cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => admitted);

        _bed.Sync();

        Assert.Equal(0, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Admit_ServiceDown_UsesWhatIsInHandThenRefusesAtOnce()
    {
        await _bed.HoldAsync(100);
        _bed.Leases.Down();

        Assert.True((await _bed.Admit(100)).IsAdmitted);
        var refused = _bed.Admit(1);

        Assert.True(refused.IsCompletedSuccessfully);
        Assert.Equal(TimeSpan.FromSeconds(1.5), (await refused).RetryAfter);
    }

    [Fact]
    public async Task Admit_ServiceGoesDownWhileItWaits_IsRefusedThen()
    {
        var admitted = _bed.Admit(100);

        _bed.Leases.Down();

        Assert.False((await admitted).IsAdmitted);
        _bed.Leases.Up();
        var again = _bed.Admit(100);
        _bed.Sync();
        Assert.True((await again).IsAdmitted);
    }

    [Fact]
    public async Task AdmitVip_NothingIsLeft_PassesAtOnceAndCounts()
    {
        _bed.Ledger.Limit = 50;

        var first = _bed.Admit(100, vip: true);
        Assert.True(first.IsCompletedSuccessfully && (await first).IsAdmitted);
        _bed.Sync();
        var second = await _bed.Admit(100, vip: true);
        second.Reservation.Settle(AdmissionBed.Cost(60));
        _bed.Sync();

        Assert.True(_bed.Ledger.Last.Overdraw);
        Assert.Equal(160, _bed.Ledger.Last.WantTokens);
        Assert.Equal(160, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task AdmitVip_SameTenantAndTierWithoutIt_IsBoundAllTheSame()
    {
        _bed.Ledger.Limit = 50;
        await _bed.Admit(100, vip: true);
        _bed.Sync();
        var bound = _bed.Admit(10);

        _bed.Sync();

        Assert.False((await bound).IsAdmitted);
    }

    [Fact]
    public async Task AdmitVip_ServiceDown_HasItsKnobsTokensAMinute()
    {
        _bed.Leases.Down();
        _bed.Knobs.OnNext(new LiveKnobs { Budget = new BudgetKnobs { VipTokensOffline = 250 } });

        Assert.True((await _bed.Admit(200, vip: true)).IsAdmitted);
        Assert.False((await _bed.Admit(51, vip: true)).IsAdmitted);
        Assert.True((await _bed.Admit(50, vip: true)).IsAdmitted);
        _bed.Wait(60);
        Assert.True((await _bed.Admit(250, vip: true)).IsAdmitted);
        _bed.Knobs.OnNext(new LiveKnobs { Budget = new BudgetKnobs { VipTokensOffline = 300 } });
        Assert.True((await _bed.Admit(50, vip: true)).IsAdmitted);

        _bed.Leases.Up();
        _bed.Sync();
        Assert.Equal(550, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Close_PodStops_GivesBackAllAndAdmitsNoMore()
    {
        await _bed.HoldAsync(100);
        var waiting = _bed.Admit(200);

        _bed.Leases.Close();
        _bed.Sync();

        Assert.False((await waiting).IsAdmitted);
        Assert.False((await _bed.Admit(1)).IsAdmitted);
        Assert.Equal(0, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Admit_NegativeCost_IsTheCallersMistake() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _bed.Admit(-1));

    private SyncNeed Need() => _bed.Leases.Pools.Single(pool => !pool.IsVip).Look(_bed.Time.GetTimestamp(), out _);
}
