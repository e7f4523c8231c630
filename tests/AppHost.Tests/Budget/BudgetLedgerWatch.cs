using System.Collections.Concurrent;
using System.Globalization;
using AspireAgent.Testing;
using StackExchange.Redis;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>What the ledger has of one window of one budget; tokens.</summary>
/// <param name="Granted">Checked against the limit.</param>
/// <param name="Forced">Not checked: a VIP's, and debts.</param>
/// <param name="Used">What answers that ended in it have used.</param>
/// <param name="MostGranted">The most that was granted at any time that it was looked at.</param>
internal sealed record BudgetWindow(long Granted, long Forced, long Used, long MostGranted);

/// <summary>Reads the ledger's own record in Redis again and again: a window's is overwritten by the next.</summary>
internal sealed class BudgetLedgerWatch : IAsyncDisposable
{
    private static readonly BudgetWindow Nothing = new(0, 0, 0, 0);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(25);
    private static readonly string Shape = $"{BudgetSystem.Window.TotalMilliseconds:F0}/1";

    private readonly ConcurrentDictionary<(string Budget, long Window), BudgetWindow> _windows = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConnectionMultiplexer _redis;
    private readonly Task _reading;

    private BudgetLedgerWatch(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _reading = ReadAsync();
    }

    /// <summary>The number of the window that an instant is in.</summary>
    public static long WindowOf(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / (long)BudgetSystem.Window.TotalMilliseconds;

    /// <summary>The present one; the store is on this machine and has its clock.</summary>
    public static long Now => WindowOf(DateTimeOffset.UtcNow);

    public static async Task<BudgetLedgerWatch> StartAsync(SystemFixture system)
    {
        var options = ConfigurationOptions.Parse((await system.App.GetConnectionStringAsync("redis"))!);
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return new BudgetLedgerWatch(await ConnectionMultiplexer.ConnectAsync(options));
    }

    public BudgetWindow System(long window) => Of("system", window);

    public BudgetWindow Of(string budget, long window) => _windows.GetValueOrDefault((budget, window), Nothing);

    /// <summary>Waits for the next window's beginning, and says which it is.</summary>
    public async Task<long> NextWindowAsync()
    {
        var before = Now;
        await Poll.UntilAsync(() => Now > before, "the next window");
        return Now;
    }

    /// <summary>Tokens that a pod has said it produced.</summary>
    public async Task<long> ProducedByAsync(string pod)
    {
        var keys = _redis.GetServer(_redis.GetEndPoints().Single()).Keys(pattern: $"budget:{{budget}}:produced:{pod}/*").ToArray();
        return keys.Length == 0 ? 0 : (long)await _redis.GetDatabase().HashGetAsync(keys.Single(), "total");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        await _redis.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var budget in (string[])["system", BudgetSystem.OfNonVips, BudgetSystem.OfVips])
            {
                try
                {
                    Keep(budget, await _redis.GetDatabase().HashGetAllAsync($"budget:{{budget}}:node:{budget}"));
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException)
                {
                    // It was killed, and will be back.
                }
            }

            await Task.Delay(Every, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // shape=5000/1, 352787123=30000 0 120 0 29871 0: granted, forced and used, each in tokens and micro-USD
    private void Keep(string budget, HashEntry[] fields)
    {
        if (fields.FirstOrDefault(field => field.Name == "shape").Value != Shape)
        {
            return;
        }

        foreach (var field in fields.Where(field => field.Name != "shape"))
        {
            var amounts = field.Value.ToString().Split(' ').Select(amount => long.Parse(amount, CultureInfo.InvariantCulture)).ToArray();
            var seen = new BudgetWindow(amounts[0], amounts[2], amounts[4], amounts[0]);
            _windows.AddOrUpdate(
                (budget, (long)field.Name), seen, (_, known) => seen with { MostGranted = Math.Max(known.MostGranted, seen.Granted) });
        }
    }
}
