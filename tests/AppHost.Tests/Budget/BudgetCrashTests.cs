using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.AppHost.Tests.Durability;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>Pods die in mid-stream: what they held is not held for ever, and what was used is booked, once.</summary>
public sealed class BudgetCrashTests(BudgetCrashTests.OwnSystem system) : IClassFixture<BudgetCrashTests.OwnSystem>
{
    private const int Answers = 6; // at a time

    // What a pod tells the ledger, it tells within a quarter of a second; a busy machine is slower.
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Pods_KilledInMidStream_NothingStaysReservedAndAllIsBooked()
    {
        await using var fleet = new Fleet(system);
        using var admin = system.Gateway("operator");
        using var limited = await admin.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens = 1_000_000_000, windowSeconds = 5 });
        limited.EnsureSuccessStatusCode();
        var (seed, kills) = (Random.Shared.Next(), new List<DateTimeOffset>());
        var random = new Random(seed);
        for (var round = 0; round < LongMode.Times(normally: 10, inLongMode: 100); round++)
        {
            kills.Add(await KillOnceAsync(fleet, random));
        }

        var vendor = await RequestsAsync();
        var (spent, bound) = (vendor.Sum(TokensOf), 0L);
        var cut = vendor.Where(request => (string)request["state"]! == "cancelled").ToList();
        var untold = vendor.Except(cut).Where(request => kills.Exists(kill => (DateTimeOffset)request["endedAt"]! is var ended && ended > kill - Told && ended < kill)).ToList();
        bound = cut.Sum(request => (long)request["outputTokens"]!) + untold.Sum(TokensOf);
        var booked = 0L;
        await Poll.UntilAsync(
            async () => Math.Abs((booked = await BookedAsync(admin)) - spent) <= bound,
            () => $"booked {booked}, and the vendor counted {spent} (+/- {bound}); seed {seed}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {seed}: {kills.Count} kills, {vendor.Count} calls, {cut.Count} of them cut and {untold.Count} ended just before; "
            + $"the vendor counted {spent} tokens, booked are {booked}: {booked - spent:+0;-0;0}, bound {bound}");
        Assert.True(cut.Count >= kills.Count / 2, $"{cut.Count} answers were cut, seed {seed}");

        await AssertNothingIsHeldAsync(admin);
    }

    // Returns when it was.
    private async Task<DateTimeOffset> KillOnceAsync(Fleet fleet, Random random)
    {
        await fleet.ReadyAsync("agent", 2);
        using var gateway = system.Gateway();
        var before = (await RequestsAsync()).Count;
        var sessions = new ConcurrentBag<string>();
        var answers = Enumerable.Range(0, Answers).Select(_ => Completion.AskAsync(gateway, $"Tell me all of {random.Next()}.", sessions.Add)).ToList();
        var words = random.Next(1, 30);
        await Poll.UntilAsync(
            async () => !sessions.IsEmpty && (await RequestsAsync()).Skip(before).Count(request => (int)request["outputTokens"]! >= words) >= Answers / 2,
            $"answers of {words} words");
        var victim = await fleet.OwnerAsync(sessions.First());
        var at = DateTimeOffset.UtcNow;
        UnixSignal.Kill(victim!.Pid);
        Assert.All(await Task.WhenAll(answers), answer => Assert.True(answer.IsDone));
        return at;
    }

    private async Task<List<JsonObject>> RequestsAsync()
    {
        using var model = system.Model();
        return (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!;
    }

    private static long TokensOf(JsonObject request) => (long)request["inputTokens"]! + (long)request["outputTokens"]!;

    private static async Task<long> BookedAsync(HttpClient admin) => (await admin.GetFromJsonAsync<JsonObject>("/v1/budget/usage"))!["usage"]!.AsArray()
        .Sum(use => (long)use!["inputTokens"]! + (long)use["outputTokens"]!);

    private async Task AssertNothingIsHeldAsync(HttpClient admin)
    {
        await Poll.UntilAsync(
            async () => (await admin.GetFromJsonAsync<JsonArray>("/v1/budget/limits"))!.All(budget => (long)budget!["grantedTokens"]! == 0),
            "a window in which nothing is held");
        await using var redis = await ConnectionMultiplexer.ConnectAsync((await system.App.GetConnectionStringAsync("redis"))!);
        var leases = redis.GetServer(redis.GetEndPoints().Single()).Keys(pattern: "budget:{budget}:lease:*").ToList();
        Assert.All(leases, lease => Assert.True(redis.GetDatabase().KeyTimeToLive(lease) is not null || !redis.GetDatabase().KeyExists(lease)));
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Restart=true", "--Simulator:KeptRequests=100000"];
    }
}
