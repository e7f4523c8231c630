using AspireAgent.Budget.Ledger;
using AspireAgent.Budget.Limits;
using AspireAgent.Budget.Usage;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Tests;

/// <summary>A ledger of its own on a real store, at a time that the test says. It begins with a minute, and has settled.</summary>
internal sealed class LedgerHarness : IAsyncDisposable
{
    /// <summary>The beginning of an hour; milliseconds.</summary>
    public const long Start = 1_763_935_200_000;

    private readonly ConnectionMultiplexer _redis;

    private LedgerHarness(ConnectionMultiplexer redis)
    {
        _redis = redis;
        Restart();
    }

    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    public long Now { get; set; } = Start;

    public BudgetKeys Keys { get; } = new($"budget-{Guid.NewGuid():N}");

    public LedgerStore Store { get; private set; } = null!;

    public LimitStore Limits { get; private set; } = null!;

    public UsageBook Usage { get; private set; } = null!;

    public BudgetLedger Ledger { get; private set; } = null!;

    public AuditTrail Audit => new(Store);

    public static async Task<LedgerHarness> StartAsync(RedisPair servers, RedisKind kind) => await StartAsync(await servers.GetAsync(kind));

    public static async Task<LedgerHarness> StartAsync(RedisProcess redis)
    {
        var harness = new LedgerHarness(await redis.ConnectAsync()) { Now = Start - LedgerLua.SettlingMilliseconds };
        await harness.StandAsync("system");
        harness.Now = Start;
        return harness;
    }

    /// <summary>The service forgets everything: it is another process.</summary>
    public void Restart()
    {
        Store = new LedgerStore(_redis, Keys, () => Now);
        Limits = new LimitStore(Store);
        Usage = new UsageBook(Store);
        Ledger = new BudgetLedger(Store, Limits, Usage);
    }

    /// <summary>The store forgets everything of this ledger.</summary>
    public async Task LoseAllAsync()
    {
        foreach (var server in _redis.GetServers())
        {
            await foreach (var key in server.KeysAsync(pattern: $"budget:{{{Keys.Tag}}}:*"))
            {
                await _redis.GetDatabase().KeyDeleteAsync(key);
            }
        }
    }

    public Task LimitAsync(string name, long? tokens, long? money = null, int seconds = 60, BudgetWindow window = BudgetWindow.Fixed) =>
        Limits.SetAsync(name, new BudgetLimit(tokens, money, seconds, window), "ann", null, default);

    public async Task<BudgetNode?> StandAsync(string name) => (await Limits.StandAsync(name))?.Node;

    /// <summary>What the system's window has given away.</summary>
    public async Task<long> GrantedAsync(string name = "system") => (await StandAsync(name))!.GrantedTokens;

    public async Task<LeaseGrant> LeaseAsync(LeaseWant want) =>
        (await Ledger.SyncAsync(new BudgetSync("pod", [want], [], 0), default)).Leases[0];

    /// <summary>A lease of tenant acme, of tier standard.</summary>
    public static LeaseWant Want(string id, long want = 0, long spent = 0, long least = 0, long held = 0, bool overdraw = false, bool close = false) =>
        new(id, "acme", "standard", spent, want, least, HeldTokens: held, Overdraw: overdraw, Close: close);

    public ValueTask DisposeAsync() => _redis.DisposeAsync();
}
