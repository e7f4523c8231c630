using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Budget;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class LeasePoolTests : IDisposable
{
    private readonly AdmissionBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task TryTake_UntilItIsEmpty_IsFalseAfterwards()
    {
        var pool = await _bed.HoldAsync(100);

        Assert.True(pool.TryTake(AdmissionBed.Cost(60), out _));
        Assert.False(pool.TryTake(AdmissionBed.Cost(41), out _));
        Assert.True(pool.TryTake(AdmissionBed.Cost(40), out _));
        Assert.False(pool.TryTake(AdmissionBed.Cost(1), out _));
        Assert.Equal(0, pool.Left.Tokens);
    }

    [Fact]
    public async Task TryTake_MoneyIsNotEnough_TakesNoTokensEither()
    {
        var admitted = _bed.Leases.AdmitAsync(AdmissionBed.Account, new BudgetCost(100, 7), isVip: false, default).AsTask();
        _bed.Sync();
        (await admitted).Reservation.Settle(default);

        Assert.False(_bed.Pool.TryTake(new BudgetCost(10, 8), out _));
        Assert.Equal(new BudgetCost(100, 7), _bed.Pool.Left);
        Assert.True(_bed.Pool.TryTake(new BudgetCost(10, 7), out _));
        Assert.Equal(new BudgetCost(90, 0), _bed.Pool.Left);
    }

    [Fact]
    public async Task TryTake_RequestAndAnswerTakeTime_EndsBeforeTheLedgersWindow()
    {
        _bed.Wait(50);
        var admitted = _bed.Admit(100);
        _bed.Sync(onTheWay: () => _bed.Wait(0.2), onTheWayBack: () => _bed.Wait(0.3));
        (await admitted).Reservation.Settle(default);

        _bed.Wait(9.29); // 59.79 of 60: asked at 50.0, when 9.8 s were left at 50.2
        Assert.True(_bed.Pool.TryTake(AdmissionBed.Cost(1), out _));
        _bed.Wait(0.011);
        Assert.False(_bed.Pool.TryTake(AdmissionBed.Cost(1), out _));
    }

    [Fact]
    public void TryTake_WallClockJumps_NothingChanges()
    {
        var clock = new JumpingClock();
        var pool = new LeasePool(AdmissionBed.Account, isVip: false, clock, static () => 0, _bed.Metrics);
        pool.Waiters.Add(new LeaseWaiter(AdmissionBed.Cost(100), long.MaxValue));
        var (lease, want) = Assert.Single(pool.Wants(remainingTokens: null, 0));
        pool.Hear(lease, new LeaseGrant(want.Id, 200, 0, 10_000), sentAt: 0, now: 0);

        clock.Jump(TimeSpan.FromMinutes(5));

        Assert.True(pool.TryTake(AdmissionBed.Cost(50), out _));
        clock.Jump(TimeSpan.FromMinutes(-10));
        Assert.True(pool.TryTake(AdmissionBed.Cost(50), out _));
    }

    [Fact]
    public async Task Return_SameLease_CanBeTakenAgain()
    {
        var pool = await _bed.HoldAsync(100);
        Assert.True(pool.TryTake(AdmissionBed.Cost(100), out var lease));

        pool.Return(lease, AdmissionBed.Cost(30));

        Assert.Equal(30, pool.Left.Tokens);
    }

    [Fact]
    public async Task Return_LeaseIsOver_IsWorthNothing()
    {
        var pool = await _bed.HoldAsync(100);
        Assert.True(pool.TryTake(AdmissionBed.Cost(100), out var lease));
        _bed.Wait(60);
        pool.Look(_bed.Time.GetTimestamp(), out _);
        await _bed.HoldAsync(50);
        var left = pool.Left;

        pool.Return(lease, AdmissionBed.Cost(30));

        Assert.Equal(left, pool.Left);
    }

    [Fact]
    public async Task Owe_BeyondTheLease_IsToldAsSpentAndGrantedByForce()
    {
        var pool = await _bed.HoldAsync(100);
        _bed.Ledger.Limit = 100;

        pool.Owe(AdmissionBed.Cost(150));
        _bed.Sync();

        Assert.Equal(150, _bed.Ledger.Last.SpentTokens);
        Assert.Equal(150, _bed.Ledger.Granted());
        Assert.False(pool.TryTake(AdmissionBed.Cost(1), out _));
    }

    [Fact]
    public async Task Owe_LeaseEndsBeforeItIsTold_TheNextOneOwesIt()
    {
        var pool = await _bed.HoldAsync(100);
        _bed.Wait(59);
        pool.Owe(AdmissionBed.Cost(150));
        _bed.Wait(1);

        _bed.Sync();

        Assert.Equal((50, 100), (_bed.Ledger.Last.SpentTokens, _bed.Ledger.Granted(ago: 1)));
        Assert.Equal(_bed.Ledger.Last.WantTokens, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Owe_AnswerIsLost_IsCountedOnce()
    {
        var pool = await _bed.HoldAsync(100);
        pool.Owe(AdmissionBed.Cost(150));

        _bed.Sync(answered: false);
        _bed.Sync(answered: false);
        _bed.Sync();

        Assert.Equal(150, _bed.Ledger.Granted());
        Assert.Equal(0, pool.Left.Tokens);
    }

    [Fact]
    public async Task Close_IdleForTwoSeconds_GivesBackWhatIsLeft()
    {
        var pool = await _bed.HoldAsync(100);
        Assert.True(pool.TryTake(AdmissionBed.Cost(40), out _));
        _bed.Sync();
        _bed.Wait(1.9);
        _bed.Sync();
        Assert.Equal(100, _bed.Ledger.Granted());

        _bed.Wait(2);
        _bed.Sync(answered: false);
        _bed.Sync();

        Assert.True(_bed.Ledger.Last.Close);
        Assert.Equal(40, _bed.Ledger.Granted());
        Assert.Equal(SyncNeed.None, pool.Look(_bed.Time.GetTimestamp(), out _));
    }

    [Fact]
    public async Task Close_IdleWhileATurnHoldsSome_WaitsForWhatThatDoesNotUse()
    {
        var pool = await _bed.HoldAsync(100);
        Assert.True(pool.TryTake(AdmissionBed.Cost(90), out var lease));
        var reservation = Reservation.Of(pool, lease, AdmissionBed.Cost(90));
        _bed.Sync();
        _bed.Wait(5);
        _bed.Sync();
        Assert.InRange(_bed.Ledger.Granted(), 100, long.MaxValue);

        reservation.Settle(AdmissionBed.Cost(20));
        _bed.Wait(1);
        _bed.Sync();
        _bed.Wait(2);
        _bed.Sync();

        Assert.Equal(20, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Close_AnswerIsOnItsWayAndSomebodyNeedsMore_HasAnotherLease()
    {
        var pool = await _bed.HoldAsync(100);
        pool.Close();
        var admitted = _bed.Admit(70);

        _bed.Sync();

        Assert.True((await admitted).IsAdmitted);
        Assert.Equal([true, false], _bed.Ledger.Heard[^1].Leases.Select(want => want.Close));
        Assert.Equal(70, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Look_BusyAtTheWindowsEnd_AsksForTheNextLeaseAfterALittleJitter()
    {
        var pool = await _bed.HoldAsync(1_000);
        _bed.Wait(59);
        Assert.True(pool.TryTake(AdmissionBed.Cost(500), out _));
        Assert.NotEqual(SyncNeed.None, pool.Look(_bed.Time.GetTimestamp(), out var wakeAt));
        _bed.Wait(1);
        Assert.Equal(wakeAt, _bed.Time.GetTimestamp());

        Assert.Equal(SyncNeed.None, pool.Look(_bed.Time.GetTimestamp(), out wakeAt));
        Assert.Equal(TimeSpan.FromMilliseconds(30), _bed.Time.GetElapsedTime(_bed.Time.GetTimestamp(), wakeAt!.Value));
        _bed.Wait(0.03);
        Assert.Equal(SyncNeed.Now, pool.Look(_bed.Time.GetTimestamp(), out _));
        _bed.Sync();

        Assert.True(pool.Left.Tokens > 0);
        Assert.Equal(pool.Left.Tokens, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Wants_SteadySpending_HasOneToTwoSecondsAhead()
    {
        _bed.Ledger.Limit = 1_000_000;
        var pool = await _bed.HoldAsync(100);
        for (var step = 0; step < 100; step++) // 400 tokens/s
        {
            pool.Spend(AdmissionBed.Cost(40));
            _bed.Wait(0.1);
            _bed.Sync();
        }

        Assert.InRange(pool.Left.Tokens, 360, 800);
    }

    [Fact]
    public async Task Wants_LittleRemains_TakesAShareOfItUnlessSomebodyWaits()
    {
        var pool = await _bed.HoldAsync(100);
        pool.Spend(AdmissionBed.Cost(4_000));
        _bed.Wait(0.5);
        _bed.Sync(remaining: 800);
        Assert.Equal(100, _bed.Ledger.Last.WantTokens - _bed.Ledger.Last.SpentTokens);

        var admitted = _bed.Admit(500);
        _bed.Sync(remaining: 800);
        Assert.True((await admitted).IsAdmitted);
        Assert.Equal(500, _bed.Ledger.Last.WantTokens - _bed.Ledger.Last.SpentTokens);
    }

    [Fact]
    public async Task Hear_LedgerSaysItIsOver_IsOver()
    {
        var pool = await _bed.HoldAsync(100);
        _bed.Sync(onTheWay: () => _bed.Wait(60)); // the request took a minute

        Assert.False(pool.TryTake(AdmissionBed.Cost(1), out _));
        Assert.Equal(0, pool.Left.Tokens);
    }

    private sealed class JumpingClock : TimeProvider
    {
        private TimeSpan _by;

        public override long GetTimestamp() => 0;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1) + _by;

        public void Jump(TimeSpan by) => _by += by;
    }
}
