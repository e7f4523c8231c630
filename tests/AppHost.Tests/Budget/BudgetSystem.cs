using System.Net.Http.Json;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>Four pods and a vendor without delays; what is killed comes back. The limit is half of what its clients want.</summary>
public sealed class BudgetSystem : SystemFixture
{
    public const int Pods = 4;
    public const string OfNonVips = "tier/standard";
    public const string OfVips = "tier/vip";

    /// <summary>Of all windows: longer than what the ledger takes to settle after a loss of data, short enough for a test.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private const long Unlimited = 1_000_000_000_000;

    /// <summary>The system's, in tokens.</summary>
    public long Limit { get; private set; }

    protected override IEnumerable<string> Settings =>
        [$"--Agents:Replicas={Pods}", "--Restart=true", "--Simulator:Speed=0", "--Simulator:KeptRequests=1000000"];

    /// <summary>Has the clients' wishes measured, once, and limits the system to half of them.</summary>
    internal async Task LimitToHalfOfDemandAsync(BudgetLedgerWatch ledger)
    {
        if (Limit > 0)
        {
            return;
        }

        // Of the tiers for the ledger's accounts alone: it books each apart.
        using var admin = new OperatorClient(Gateway("operator"));
        await admin.ChangeAsync("global", new { budget = new { baselineMinimumSeconds = 3_600 } }); // the cost breaker has tests of its own
        await SetLimitAsync(OfNonVips, Unlimited);
        await SetLimitAsync(OfVips, Unlimited);
        await SetLimitAsync("system", Unlimited);
        await using var load = BudgetLoad.Start(this, seed: 0);
        await ledger.NextWindowAsync(); // warm
        var measured = await ledger.NextWindowAsync();
        await ledger.NextWindowAsync();
        await load.StopAsync();
        await SetLimitAsync("system", Limit = ledger.System(measured).Used / 2);
    }

    private async Task SetLimitAsync(string budget, long tokens)
    {
        using var gateway = Gateway("operator");
        using var response = await gateway.PutAsJsonAsync(
            $"/v1/budget/limits/{budget}", new { limitTokens = tokens, windowSeconds = (int)Window.TotalSeconds });
        response.EnsureSuccessStatusCode();
    }
}
