namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>One window of a run: what the ledger granted, what the vendor counted, and by how much use may exceed grants.</summary>
/// <param name="Window">Its number.</param>
/// <param name="Limit">The system's.</param>
/// <param name="Granted">The most that was granted within the limit, at any time that it was looked at.</param>
/// <param name="Owed">What those who are not VIPs used beyond what was granted.</param>
/// <param name="Vip">Granted to VIPs.</param>
/// <param name="Booked">Use that the ledger heard of in it.</param>
/// <param name="Used">What the vendor counted of requests that began in it, without the VIPs'.</param>
/// <param name="Resumed">Of that, for answers that were begun before on a pod that died: they are not asked for again.</param>
/// <param name="Bound">The most of (cap - reserved), with the tokenizer's error, summed over the answers that ran at one time.</param>
/// <param name="Admitted">Calls.</param>
/// <param name="Refused">Calls.</param>
/// <param name="Failed">Calls.</param>
internal sealed record BudgetReport(
    long Window, long Limit, long Granted, long Owed, long Vip, long Booked, long Used, long Resumed, long Bound, int Admitted, int Refused, int Failed)
{
    private const string Head = "  window     limit   granted  share      owed       vip    booked      used   resumed     bound  admitted  refused  failed";

    /// <summary>How much of the limit is taken, by whomever.</summary>
    public double Share => (double)(Granted + Owed + Vip) / Limit;

    public static IReadOnlyList<BudgetReport> Of(
        long first, long last, long limit, BudgetLedgerWatch ledger, IReadOnlyCollection<BudgetCall> calls, IReadOnlyList<BudgetVendorRequest> vendor)
    {
        var byNumber = calls.ToDictionary(call => call.Number);
        var requests = vendor.Where(request => byNumber.ContainsKey(request.Number)).ToList();
        var outputs = requests.Select(request => request.OutputTokens).Order().ToList();
        var typical = outputs.Count == 0 ? 0 : outputs[outputs.Count / 2];
        var mine = requests.Where(request => !byNumber[request.Number].IsVip).ToList();
        var again = mine.GroupBy(request => request.Number).SelectMany(group => group.OrderBy(request => request.StartedAt).Skip(1)).ToHashSet();
        return [.. Enumerable.Range(0, (int)(last - first + 1)).Select(i => Row(first + i))];

        BudgetReport Row(long window)
        {
            var (system, others, vips) = (ledger.System(window), ledger.Of(BudgetSystem.OfNonVips, window), ledger.Of(BudgetSystem.OfVips, window));
            var begun = mine.Where(request => BudgetLedgerWatch.WindowOf(request.StartedAt) == window).ToList();
            var ended = calls.Where(call => BudgetLedgerWatch.WindowOf(call.EndedAt) == window).ToList();
            return new BudgetReport(
                window, limit, system.MostGranted, others.Forced, vips.Forced + vips.Granted, system.Used,
                begun.Sum(request => request.Tokens), begun.Where(again.Contains).Sum(request => request.Tokens), BoundOf(window, calls, mine, typical),
                ended.Count(call => call.IsAdmitted), ended.Count(call => call.IsRefused), ended.Count(call => !call.IsAdmitted && !call.IsRefused));
        }
    }

    /// <summary>Prints the windows, and holds each to its limit and its bound.</summary>
    public static void Assert(string scenario, IReadOnlyList<BudgetReport> windows)
    {
        var table = string.Join('\n', windows.Select(window => window.ToString()).Prepend(Head).Prepend($"{scenario}:"));
        TestContext.Current.TestOutputHelper?.WriteLine(table);
        foreach (var window in windows)
        {
            Xunit.Assert.True(window.Granted <= window.Limit, $"granted over the limit in {window.Window}\n{table}");
            Xunit.Assert.True(window.Used <= window.Limit + window.Bound + window.Resumed, $"used over the bound in {window.Window}\n{table}");
        }
    }

    public override string ToString() =>
        $"{Window % 1_000_000,8} {Limit,9} {Granted,9} {Share,6:P0} {Owed,9} {Vip,9} {Booked,9} {Used,9} {Resumed,9} {Bound,9} {Admitted,9} {Refused,8} {Failed,7}";

    // As the callers saw them, so of a little more answers than really ran. An answer reserves its cap or, once its route is known, the
    // 95th percentile of the last ones; half of all answers are shorter than what is taken for that here.
    private static long BoundOf(
        long window, IEnumerable<BudgetCall> calls, IEnumerable<BudgetVendorRequest> mine, long typical)
    {
        var unseen = mine.GroupBy(request => request.Number).ToDictionary(group => group.Key, group => group.Max(request => request.Unseen));
        var steps = new List<(DateTimeOffset At, long Change)>();
        foreach (var call in calls.Where(call => unseen.ContainsKey(call.Number)
            && BudgetLedgerWatch.WindowOf(call.AskedAt) <= window && BudgetLedgerWatch.WindowOf(call.EndedAt) >= window))
        {
            var over = Math.Max(0, call.Cap - typical) + unseen[call.Number];
            steps.Add((call.AskedAt, over));
            steps.Add((call.EndedAt, -over));
        }

        var (running, most) = (0L, 0L);
        foreach (var (_, change) in steps.OrderBy(step => step.At))
        {
            running += change;
            most = Math.Max(most, running);
        }

        return most;
    }
}
