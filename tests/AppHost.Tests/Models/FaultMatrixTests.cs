using System.Collections.Concurrent;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>
/// Everything that goes wrong with a model, under every continuation policy, streamed and not: what comes of it is what
/// <c>docs/fault-matrix.md</c> says, and never a hang or a mix that nobody was told of.
/// </summary>
public sealed class FaultMatrixTests(FaultySystem system) : IClassFixture<FaultySystem>
{
    private const int AtOnce = 16;
    private const string Heading = "fault, answer             | HTTP answer | the caller is told | the log has | and beside the words | calls of both routes";

    // A cell takes some ten seconds at most.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Policies => [.. PolicyCase.All.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Fault_UnderAPolicy_EndsAsDocumented(string policyName)
    {
        var policy = PolicyCase.All.Single(policy => policy.Name == policyName);
        await SetAsync(policy);
        var cells = FaultCase.All
            .SelectMany(fault => new[] { true, false }.Select(isStreamed => new FaultCell(system, fault, policy, isStreamed)))
            .ToList();
        using var gateway = system.Gateway();
        var seen = new ConcurrentDictionary<FaultCell, string>();
        await Parallel.ForEachAsync(
            cells, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (cell, _) => seen[cell] = await SeeAsync(cell, gateway));

        // To be seen whether it is well or not.
        var table = cells.Select(cell => $"{cell.Name,-26}| {seen[cell]}").Prepend(Heading).Prepend($"{policy.Name}; the next route is '{policy.Next.Name}'");
        await Console.Out.WriteLineAsync(string.Join('\n', table));
        var wrong = cells.Where(cell => seen[cell] != cell.Documented.ToString())
            .Select(cell => $"{cell.Name}\n  documented {cell.Documented}\n  seen       {seen[cell]}").ToList();
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cells.Count} cells under '{policy.Name}':\n{string.Join('\n', wrong)}\n{system.StoreTail()}");
        system.AssertNoException();
    }

    // What goes wrong in one cell is told in its place: the others are of interest, too.
    private static async Task<string> SeeAsync(FaultCell cell, HttpClient gateway)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return $"{await cell.RunAsync(gateway, limit.Token).WaitAsync(limit.Token)}";
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return $"it hangs: no end within {Limit.TotalSeconds} s";
        }
        catch (Exception exception)
        {
            return $"{exception}";
        }
    }

    private async Task SetAsync(PolicyCase policy)
    {
        await system.ForgetRequestsAsync();
        using var client = new OperatorClient(system.Gateway("operator"));
        await client.ChangeAsync("global", new
        {
            systemPrompt = FaultySystem.SystemPrompt,
            continuation = new { policy = policy.Policy, onNoPrefill = policy.OnNoPrefill },
            guards = new { stallSeconds = 3, dripTokensPerSecond = 2, dripWindowSeconds = 5 }, // a stall is found before it is a drip
            resilience = new { breakerMinimumCalls = 100_000 }, // each cell meets its fault itself
        });
    }
}
