using System.Globalization;
using System.Text;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>What a load on a plan was answered, and what was seen of it in the plan and at the simulator. Times are those since <paramref name="start"/>.</summary>
internal sealed class PlanTimeline(
    IReadOnlyList<LoadedAnswer> answers, IReadOnlyList<LoadSample> samples, IReadOnlyList<SimulatedCall> calls, DateTimeOffset start)
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    public IReadOnlyList<LoadedAnswer> Answers => answers;

    public IReadOnlyList<LoadSample> Samples => samples;

    /// <summary>What was asked for in a span of time.</summary>
    public List<LoadedAnswer> Asked(TimeSpan from, TimeSpan to) => [.. answers.Where(answer => answer.At >= from && answer.At < to)];

    /// <summary>A route's share of what was asked for in a span of time.</summary>
    public double Share(string route, TimeSpan from, TimeSpan to) => Share(route, Asked(from, to));

    /// <summary>How long the first word of a route took, in the median.</summary>
    public TimeSpan FirstWord(string route, TimeSpan from, TimeSpan to) => Median(Asked(from, to).Where(answer => answer.Route == route));

    /// <summary>Calls of a model that reached the simulator in a span of time.</summary>
    public int Calls(string model, TimeSpan from, TimeSpan to) =>
        calls.Count(call => call.Model == model && call.StartedAt >= start + from && call.StartedAt < start + to);

    /// <summary>The most calls of a model that the simulator has served at one instant.</summary>
    public int MostAtOnce(string model) => MostAtOnce(model, TimeSpan.Zero, answers[^1].At);

    /// <summary>A line for each span of time, phase by phase.</summary>
    public string Draw(TimeSpan span)
    {
        var text = new StringBuilder()
            .AppendLine("                                                          first word  primary's  fallback's calls,")
            .AppendLine("     t  phase  calls  primary  fallback  by rule  errors         p50  breaker    and at the simulator");
        foreach (var phase in answers.GroupBy(answer => answer.Phase))
        {
            var begin = phase.First().At;
            foreach (var asked in phase.GroupBy(answer => (int)((answer.At - begin) / span)))
            {
                var (from, to) = (asked.First().At, asked.Last().At);
                var last = samples.Last(sample => sample.At <= to);
                var most = samples.Where(sample => sample.At >= from && sample.At <= to).Append(last).Max(sample => sample.FallbackCalls);
                text.Append(Plain, $"{from.TotalSeconds,6:0.0}  {phase.Key,-5}  {asked.Count(),5}");
                text.Append(Plain, $"  {Share("primary", [.. asked]),7:0 %}  {Share("fallback", [.. asked]),8:0 %}  {Share("rules", [.. asked]),7:0 %}");
                text.Append(Plain, $"  {asked.Count(answer => answer.Error is not null),6}  {Median(asked).TotalMilliseconds,7:0} ms");
                text.AppendLine(Plain, $"  {last.Primary,-9}  {most}  {MostAtOnce(PlanBed.FallbackModel, from, to)}");
            }
        }

        return text.ToString();
    }

    private static double Share(string route, List<LoadedAnswer> asked) => asked.Count(answer => answer.Route == route) / (double)asked.Count;

    private static TimeSpan Median(IEnumerable<LoadedAnswer> some) => some.Select(answer => answer.FirstWord).Order().ToList() is var sorted ? sorted[sorted.Count / 2] : default;

    private int MostAtOnce(string model, TimeSpan from, TimeSpan to)
    {
        var served = calls.Where(call => call.Model == model)
            .Select(call => (Begin: call.StartedAt - start, End: (call.EndedAt ?? call.CancelledAt) - start ?? TimeSpan.MaxValue))
            .Where(call => call.Begin < to && call.End >= from)
            .ToList();
        return served.Select(call => served.Count(other => other.Begin <= call.Begin && other.End > call.Begin)).DefaultIfEmpty().Max();
    }
}
