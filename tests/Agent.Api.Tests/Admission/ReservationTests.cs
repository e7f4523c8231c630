using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class ReservationTests : IDisposable
{
    private readonly AdmissionBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Theory]
    [InlineData(100, 0)]
    [InlineData(40, 60)]
    [InlineData(130, -30)]
    public async Task Settle_ActualUse_IsWhatCounts(long actual, long left)
    {
        var pool = await _bed.HoldAsync(100);
        var reservation = (await _bed.Admit(100)).Reservation;

        reservation.Settle(AdmissionBed.Cost(actual));
        _bed.Sync();

        Assert.Equal(actual, _bed.Ledger.Last.SpentTokens);
        Assert.Equal(Math.Max(0, left), pool.Left.Tokens);
    }

    [Fact]
    public async Task Settle_Again_ChangesNothingEvenWhenItsStateServesAnother()
    {
        var pool = await _bed.HoldAsync(100);
        var reservation = (await _bed.Admit(50)).Reservation;
        reservation.Settle(AdmissionBed.Cost(10));
        var other = (await _bed.Admit(30)).Reservation;

        reservation.Settle(default);
        reservation.Extend(AdmissionBed.Cost(5), AdmissionBed.Cost(5));

        Assert.Equal(60, pool.Left.Tokens);
        other.Settle(default);
        Assert.Equal(90, pool.Left.Tokens);
    }

    [Fact]
    public async Task Settle_ManyThreads_CountsOnce()
    {
        var pool = await _bed.HoldAsync(1_000);
        for (var i = 0; i < 200; i++)
        {
            var reservation = (await _bed.Admit(100)).Reservation;
            Parallel.For(0, 8, _ => reservation.Settle(AdmissionBed.Cost(1)));
        }

        Assert.Equal(800, pool.Left.Tokens);
    }

    [Fact]
    public async Task Settle_LeaseHasEnded_GivesNothingBackAndOwesToTheCurrentOne()
    {
        var pool = await _bed.HoldAsync(200);
        var (less, more) = ((await _bed.Admit(100)).Reservation, (await _bed.Admit(100)).Reservation);
        _bed.Wait(60);
        await _bed.HoldAsync(50);

        less.Settle(AdmissionBed.Cost(10));
        Assert.Equal(50, pool.Left.Tokens);
        more.Settle(AdmissionBed.Cost(120));
        Assert.Equal(30, pool.Left.Tokens);
    }

    [Fact]
    public async Task Extend_MoreThanThereIs_IsNeverRefusedAndOwed()
    {
        using var owed = new MetricCollector<long>(_bed.Meters, AgentMetrics.MeterName, "aspireagent.budget.owed");
        var pool = await _bed.HoldAsync(100);
        var reservation = (await _bed.Admit(60)).Reservation;

        reservation.Extend(AdmissionBed.Cost(40), AdmissionBed.Cost(40));
        Assert.Empty(owed.GetMeasurementSnapshot());
        reservation.Extend(AdmissionBed.Cost(25), AdmissionBed.Cost(25));
        Assert.Equal(25, owed.LastMeasurement!.Value);

        reservation.Settle(AdmissionBed.Cost(90));
        Assert.Equal(10, pool.Left.Tokens);
    }

    [Fact]
    public async Task Extend_LessThanAheadIsThere_TakesWhatHasGoneAlone()
    {
        using var owed = new MetricCollector<long>(_bed.Meters, AgentMetrics.MeterName, "aspireagent.budget.owed");
        var pool = await _bed.HoldAsync(100);
        var reservation = (await _bed.Admit(60)).Reservation;

        Assert.Equal(3, reservation.Extend(AdmissionBed.Cost(64), AdmissionBed.Cost(3)).Tokens);
        Assert.Equal(37, pool.Left.Tokens);
        Assert.Equal(30, reservation.Extend(AdmissionBed.Cost(30), AdmissionBed.Cost(3)).Tokens);
        Assert.Equal(7, pool.Left.Tokens);
        Assert.Empty(owed.GetMeasurementSnapshot());
    }

    [Fact]
    public async Task Extend_InTheNextWindow_GivesBackNoMoreThanItTookThere()
    {
        await _bed.HoldAsync(100);
        var reservation = (await _bed.Admit(100)).Reservation;
        _bed.Wait(60);
        var pool = await _bed.HoldAsync(50);

        reservation.Extend(AdmissionBed.Cost(20), AdmissionBed.Cost(20));
        reservation.Settle(AdmissionBed.Cost(30));

        Assert.Equal(50, pool.Left.Tokens);
    }

    [Fact]
    public async Task Settle_MoreMoneyButFewerTokens_EachDimensionForItself()
    {
        var admitted = _bed.Leases.AdmitAsync(AdmissionBed.Account, new BudgetCost(100, 100), isVip: false, default).AsTask();
        _bed.Sync();

        (await admitted).Reservation.Settle(new BudgetCost(60, 130));
        _bed.Sync();

        Assert.Equal((60, 130), (_bed.Ledger.Last.SpentTokens, _bed.Ledger.Last.SpentMicroUsd));
    }

    [Fact]
    public void Settle_OfNothing_DoesNothing()
    {
        default(Reservation).Extend(AdmissionBed.Cost(1), AdmissionBed.Cost(1));
        default(Reservation).Settle(AdmissionBed.Cost(1));
    }

    [Theory]
    [InlineData(AdmissionOutcome.Admitted, "admitted")]
    [InlineData(AdmissionOutcome.Vip, "vip")]
    [InlineData(AdmissionOutcome.Refused, "refused")]
    public void Metrics_EachOutcome_HasItsTag(object outcome, string tag)
    {
        using var decided = new MetricCollector<long>(_bed.Meters, AgentMetrics.MeterName, "aspireagent.budget.admissions");

        _bed.Metrics.Decided((AdmissionOutcome)outcome, "standard");

        Assert.Equal(tag, decided.LastMeasurement!.Tags["aspireagent.outcome"]);
        Assert.Equal("standard", decided.LastMeasurement.Tags["aspireagent.tier"]);
    }

    [Fact]
    public async Task Metrics_LeasesInHand_AreShown()
    {
        using var held = new MetricCollector<long>(_bed.Meters, AgentMetrics.MeterName, "aspireagent.budget.lease.held");
        using var sizes = new MetricCollector<long>(_bed.Meters, AgentMetrics.MeterName, "aspireagent.budget.lease.size");
        await _bed.HoldAsync(100);
        await _bed.Admit(30);

        held.RecordObservableInstruments();

        Assert.Equal(70, held.LastMeasurement!.Value);
        Assert.Equal(100, sizes.LastMeasurement!.Value);
    }
}
