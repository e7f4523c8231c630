using System.Reflection;
using System.Text.RegularExpressions;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Testing;

namespace AspireAgent.Budget.Tests.Ledger;

/// <summary>The ledger on Redis Cluster, which refuses what touches keys of two slots at once.</summary>
public sealed partial class ClusterTests
{
    public static TheoryData<string> Scripts { get; } = [.. typeof(LedgerScripts)
        .GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!)];

    [Fact]
    public async Task Ledger_OnACluster_GrantsBooksAndCounts()
    {
        await using var redis = await RedisProcess.StartClusterAsync();
        await using var ledger = await LedgerHarness.StartAsync(redis);
        await ledger.LimitAsync("tenant/acme", 100, window: BudgetWindow.Sliding);
        var use = new BudgetUse("u", "acme", "standard", [new ModelUse("large", 1, 2, 3)]);

        var reply = await ledger.Ledger.SyncAsync(new BudgetSync("pod", [LedgerHarness.Want("a", 500)], [use], 40), default);

        Assert.Equal(100, Assert.Single(reply.Leases).Tokens);
        Assert.Equal((100L, 3L), ((await ledger.StandAsync("tenant/acme"))!.GrantedTokens, (await ledger.StandAsync("system"))!.UsedTokens));
        Assert.Equal(40, Assert.Single((await ledger.Ledger.ReadBurnAsync(0, default)).Seconds).Tokens);
        Assert.Single(await ledger.Audit.ReadAsync(10));
    }

    /// <summary>What a script touches it was given: a cluster finds a script's node by its keys alone.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void Script_Each_TouchesOnlyTheKeysThatItIsGiven(string script)
    {
        var keys = Call().Matches(script).Select(call => (Command: call.Groups[1].Value, Key: call.Groups[2].Value)).Where(call => call.Command != "TIME").ToList();

        Assert.NotEmpty(keys);
        Assert.All(keys, call => Assert.Matches(@"^(KEYS\[|key$|node\.key$)", call.Key));
        Assert.All(Open().Matches(script), open => Assert.StartsWith("KEYS[", open.Groups[1].Value, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"redis\.p?call\(\s*'(\w+)'(?:, ([^,)]+))?")]
    private static partial Regex Call();

    [GeneratedRegex(@"(?<!function )\bopen\(([^)]+)")]
    private static partial Regex Open();
}
