using System.Text;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>The matrix in Markdown: what becomes of each fault under each policy, and what that looks like.</summary>
internal static class FaultMatrixTable
{
    public static string Write()
    {
        var text = new StringBuilder();
        Line(text, ["what is wrong with the first route", "`why`", "asked", .. PolicyCase.All.Select(policy => policy.Name)]);
        Line(text, Enumerable.Repeat("---", 3 + PolicyCase.All.Count));
        foreach (var fault in FaultCase.All)
        {
            Line(text, [fault.What, fault.Why ?? "", Times(fault.Tries), .. PolicyCase.All.Select(policy => NameOf(policy.FateOf(fault)))]);
        }

        text.Append('\n');
        Line(text, ["outcome", "", "HTTP answer", "the caller is told", "the log has", "and beside the words"]);
        Line(text, Enumerable.Repeat("---", 6));
        foreach (var (fault, policy) in Examples())
        {
            foreach (var isStreamed in new[] { true, false })
            {
                var outcome = Outcome.Documented(fault, policy, isStreamed);
                Line(text, [
                    isStreamed ? $"**{NameOf(policy.FateOf(fault))}**" : "", isStreamed ? "streamed" : "whole",
                    outcome.Answer, outcome.Said.Length > 0 ? outcome.Said : "nothing", outcome.Logged, outcome.Events]);
            }
        }

        return text.ToString();
    }

    // One fault for each outcome; where a turn fails, one for each error.
    private static IEnumerable<(FaultCase, PolicyCase)> Examples() =>
        from policy in PolicyCase.All
        from fault in FaultCase.All
        let fate = policy.FateOf(fault)
        group (fault, policy) by (fate, fate is Fate.Fails ? fault.Error : "") into alike
        orderby alike.Key.fate
        select alike.First();

    private static string NameOf(Fate fate) => fate switch
    {
        Fate.Own => "own",
        Fate.Next => "next",
        Fate.GoesOn => "goes on",
        Fate.Anew => "anew",
        Fate.Fails => "fails",
        _ => throw new ArgumentOutOfRangeException(nameof(fate), fate, null),
    };

    private static string Times(int? tries) => tries switch
    {
        null => "",
        1 => "once",
        2 => "twice",
        _ => throw new ArgumentOutOfRangeException(nameof(tries), tries, null),
    };

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
