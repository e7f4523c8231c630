using System.Diagnostics.Metrics;
using System.Reactive.Subjects;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Admission;

/// <summary>A pod's leases and a ledger in virtual time; the test does what the sync loop would.</summary>
internal sealed class AdmissionBed : IDisposable
{
    public static readonly BudgetAccount Account = new("acme", "standard");

    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public AdmissionBed(long limit = 10_000)
    {
        Ledger = new FakeLedger(Time, limit);
        Metrics = new AdmissionMetrics(Meters);
        Allowance = new VipAllowance(Knobs, Time);
        Leases = new BudgetLeases(Allowance, Bell, Options.Create(new AdmissionOptions()), Time, static () => 0.5, Metrics);
    }

    // A whole minute: windows of the ledger begin there.
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public FakeLedger Ledger { get; }

    public BehaviorSubject<LiveKnobs> Knobs { get; } = new(new LiveKnobs());

    public SyncBell Bell { get; } = new();

    public AdmissionMetrics Metrics { get; }

    public VipAllowance Allowance { get; }

    public BudgetLeases Leases { get; }

    public IMeterFactory Meters => _provider.GetRequiredService<IMeterFactory>();

    public LeasePool Pool => Leases.Pools.Single();

    public static BudgetCost Cost(long tokens) => new(tokens, 0);

    public Task<BudgetDecision> Admit(long tokens, bool vip = false, BudgetAccount? account = null, CancellationToken cancellationToken = default) =>
        Leases.AdmitAsync(account ?? Account, Cost(tokens), vip, cancellationToken).AsTask();

    public void Wait(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>One exchange.</summary>
    /// <param name="remaining">By the budget signal.</param>
    /// <param name="answered">Whether its answer comes back.</param>
    /// <param name="onTheWay">What happens between the asking and the ledger's hearing.</param>
    /// <param name="onTheWayBack">What happens between the ledger's answer and its arrival.</param>
    public void Sync(long? remaining = null, bool answered = true, Action? onTheWay = null, Action? onTheWayBack = null)
    {
        var sentAt = Time.GetTimestamp();
        var wants = Leases.Pools
            .SelectMany(pool =>
            {
                pool.Look(sentAt, out _);
                return pool.Wants(remaining, sentAt).Select(want => (Pool: pool, want.Lease, want.Want)).ToList();
            })
            .ToList();
        onTheWay?.Invoke();
        var reply = Ledger.Sync(new BudgetSync("pod/1", [.. wants.Select(want => want.Want)], [], 0));
        onTheWayBack?.Invoke();
        foreach (var (want, grant) in answered ? wants.Zip(reply.Leases) : [])
        {
            want.Pool.Hear(want.Lease, grant, sentAt, Time.GetTimestamp());
        }
    }

    /// <summary>Gives the account a lease with so much left, by a waiter that needed it and settles for nothing.</summary>
    public async Task<LeasePool> HoldAsync(long tokens)
    {
        var admitted = Admit(tokens);
        Sync();
        (await admitted).Reservation.Settle(default);
        return Pool;
    }

    public void Dispose()
    {
        Allowance.Dispose();
        Knobs.Dispose();
        _provider.Dispose();
    }
}
