using System.Globalization;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Bench.Admission;

/// <summary>
/// Decisions whether a turn may begin: from a lease in hand, each of them settled too, and beside it in the same run by a script in Redis that
/// checks and adds, once for each and not settled. Rounds take turns; medians.
/// </summary>
internal static class AdmissionBench
{
    private const int Rounds = 9;
    private const int OnLeases = 5_000_000;
    private const int OnRedis = 20_000;
    private const int Pipelined = 200_000;
    private const int InFlight = 500;

    // One key, the least that an honest gate does: never over the limit, gone with its window.
    private const string CheckAndAdd = """
        local used = tonumber(redis.call('GET', KEYS[1]) or '0')
        if used + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return 0 end
        redis.call('INCRBY', KEYS[1], ARGV[1])
        if used == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
        return 1
        """;

    private static readonly BudgetCost Cost = new(1_000, 500);
    private static readonly BudgetAccount Account = new("acme", "standard");
    private static readonly RedisKey[] Keys = ["budget"];
    private static readonly RedisValue[] Arguments = [1_000, long.MaxValue / 2, 3_600_000];

    public static async Task RunAsync()
    {
        await using var provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var knobs = new System.Reactive.Subjects.BehaviorSubject<LiveKnobs>(new LiveKnobs());
        using var allowance = new VipAllowance(knobs, TimeProvider.System);
        var leases = await HoldAsync(provider, allowance);
        await using var redis = await RedisProcess.StartAsync(RedisKind.Server);
        await using var connection = await redis.ConnectAsync();
        var db = connection.GetDatabase();
        var script = await connection.GetServers()[0].ScriptLoadAsync(CheckAndAdd);

        var cores = Environment.ProcessorCount;
        (string Name, Func<Task<Decisions>> Run)[] ways =
        [
            ("lease, 1 thread", () => Decisions.OnThreadsAsync(1, OnLeases, count => DecideAndSettle(leases, count))),
            ($"lease, {cores} threads", () => Decisions.OnThreadsAsync(cores, OnLeases, count => DecideAndSettle(leases, count))),
            ("script, each awaited", () => Decisions.InFlightAsync(1, OnRedis, () => AskAsync(db, script))),
            ($"script, {InFlight} in flight", () => Decisions.InFlightAsync(InFlight, Pipelined, () => AskAsync(db, script))),
        ];
        var seen = ways.ToDictionary(way => way.Name, _ => new List<Decisions>());
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var (name, run) in ways)
            {
                var decisions = await run();
                if (round >= 0)
                {
                    seen[name].Add(decisions);
                }
            }
        }

        var medians = ways.Select(way => (way.Name, Median: Decisions.Median(seen[way.Name]))).ToList();
        foreach (var (name, median) in medians)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-24} {median.PerSecondPerCore,12:n0}/s per core {median.PerSecond,12:n0}/s {median.Nanoseconds,10:n1} ns {median.Bytes,8:0.00} bytes"));
        }

        foreach (var (name, median) in medians.Take(2))
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-24} {median.PerSecondPerCore / medians[2].Median.PerSecondPerCore,8:n0} times the awaited script, {median.PerSecondPerCore / medians[3].Median.PerSecondPerCore,6:n0} times the pipelined one"));
        }
    }

    private static void DecideAndSettle(BudgetLeases leases, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var deciding = leases.AdmitAsync(Account, Cost, isVip: false, default);
            var decision = deciding.IsCompletedSuccessfully ? deciding.Result : default;
            Ensure(decision.IsAdmitted);
            decision.Reservation.Settle(Cost);
        }
    }

    private static async Task AskAsync(IDatabase db, byte[] script) => Ensure((int)await db.ScriptEvaluateAsync(script, Keys, Arguments) == 1);

    // So much that no round comes to its end.
    private static async Task<BudgetLeases> HoldAsync(IServiceProvider provider, VipAllowance allowance)
    {
        var (time, metrics) = (TimeProvider.System, new AdmissionMetrics(provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()));
        var leases = new BudgetLeases(allowance, new SyncBell(), Options.Create(new AdmissionOptions()), time, static () => 0, metrics);
        var first = leases.AdmitAsync(Account, Cost, isVip: false, default);
        var pool = leases.Pools.Single();
        var (lease, want) = pool.Wants(remainingTokens: null, time.GetTimestamp()).Single();
        pool.Hear(lease, new LeaseGrant(want.Id, long.MaxValue / 4, long.MaxValue / 4, 86_400_000), time.GetTimestamp(), time.GetTimestamp());
        Ensure((await first).IsAdmitted);
        return leases;
    }

    private static void Ensure(bool isAdmitted)
    {
        if (!isAdmitted)
        {
            throw new InvalidOperationException("A decision was wrong.");
        }
    }
}
