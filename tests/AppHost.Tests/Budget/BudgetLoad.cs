using System.Collections.Concurrent;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>Clients of two tenants and two tiers, who ask, read, think and ask again until they are told to stop.</summary>
internal sealed class BudgetLoad : IAsyncDisposable
{
    public const int Clients = 64;

    private const int Vips = 8;
    private static int _asked;

    private readonly ConcurrentQueue<BudgetCall> _calls = new();
    private readonly List<HttpClient> _gateways;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<bool> _isAsking;
    private readonly Task _clients;

    private BudgetLoad(SystemFixture system, int seed, Func<bool> isAsking)
    {
        _gateways = [system.Gateway("vip"), system.Gateway("user"), system.Gateway("other")];
        _isAsking = isAsking;
        _clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => AskAsync(client, new Random((seed * Clients) + client)))));
    }

    /// <summary>All that has been answered or refused so far.</summary>
    public IReadOnlyCollection<BudgetCall> Calls => _calls;

    /// <param name="system">Whom they ask.</param>
    /// <param name="seed">Of what, and how fast.</param>
    /// <param name="isAsking">Whether they ask at the moment; null: always.</param>
    public static BudgetLoad Start(SystemFixture system, int seed, Func<bool>? isAsking = null) => new(system, seed, isAsking ?? (() => true));

    /// <summary>Nobody asks any more; what was asked is read to its end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _gateways.ForEach(gateway => gateway.Dispose());
        _stop.Dispose();
    }

    private async Task AskAsync(int client, Random random)
    {
        var isVip = client < Vips;
        var gateway = _gateways[isVip ? 0 : 1 + (client % 2)];
        while (!_stop.IsCancellationRequested)
        {
            // A client's own tempo, not a wait for anything. VIPs are refused nothing: they would else ask for all that there is.
            var thinking = TimeSpan.FromMilliseconds(isVip ? random.Next(600, 1_800) : random.Next(100, 700));
            await Task.Delay(thinking, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_stop.IsCancellationRequested && _isAsking())
            {
                _calls.Enqueue(await BudgetCall.AskAsync(gateway, Interlocked.Increment(ref _asked), isVip, random));
            }
        }
    }
}
