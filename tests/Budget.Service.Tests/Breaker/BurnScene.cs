using AspireAgent.Budget.Breaker;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Tests.Breaker;

/// <summary>Tokens that flow at a rate, seconds that pass, and the breaker that looks on four times in each; nothing of it is real.</summary>
internal sealed class BurnScene(BudgetKnobs? knobs = null)
{
    public const long Start = 1_800_000_000;

    private const int LooksPerSecond = 4;

    private readonly BurnHistory _history = new();
    private long _looks = Start * LooksPerSecond;
    private double _tokens;

    /// <summary>Seconds since the start.</summary>
    public double Now => ((double)_looks / LooksPerSecond) - Start;

    public BudgetKnobs Knobs { get; set; } = knobs ?? new BudgetKnobs();

    public long KnobRevision { get; set; } = 1;

    public BreakerRecord Breaker { get; set; } = BreakerRecord.Initial;

    public BreakerReading Reading => BreakerReading.Of(_history, Start + Now, Breaker, Knobs);

    /// <summary>All steps so far, as <c>"3604.25 closed > open (pause) by velocity"</c>.</summary>
    public List<string> Steps { get; } = [];

    /// <summary>When the breaker came to this state last; seconds since the start.</summary>
    public double CameTo(CostBreakerState state) => Breaker.State == state ? Breaker.Since - Start : double.NaN;

    /// <summary>Runs for a time at a rate of tokens per minute, which may change with the seconds since this began.</summary>
    public BurnScene Run(double seconds, Func<double, double> rate)
    {
        var begin = Now;
        var end = _looks + (long)Math.Round(seconds * LooksPerSecond);
        while (_looks < end)
        {
            _tokens += rate(Now - begin) / 60 / LooksPerSecond;
            var second = _looks / LooksPerSecond;
            _looks++;
            Look(second);
            if (_looks % LooksPerSecond == 0)
            {
                _tokens -= Math.Floor(_tokens);
            }
        }

        return this;
    }

    public BurnScene Run(double seconds, double rate) => Run(seconds, _ => rate);

    /// <summary>Runs until the breaker is in this state; the seconds that it took.</summary>
    public double RunTo(CostBreakerState state, double rate, double mostSeconds = 7_200)
    {
        var begin = Now;
        while (Breaker.State != state)
        {
            Assert.True(Now - begin < mostSeconds, $"not {state} after {mostSeconds} s: {string.Join("; ", Steps)}");
            Run(1.0 / LooksPerSecond, rate);
        }

        return Now - begin;
    }

    public BreakerStep? Order(CostBreakerState state, CostAction? action = null)
    {
        var step = BreakerRules.Order(Breaker, new BreakerOrder(state, "since I say so", action), "olga", Reading, new BreakerKnobs(KnobRevision, Knobs));
        Take(step);
        return step;
    }

    // The running second's count grows with each look.
    private void Look(long second)
    {
        _history.Take(new BurnSeconds(second, [(second, (long)_tokens)]));
        Take(BreakerRules.Next(Breaker, Reading, new BreakerKnobs(KnobRevision, Knobs)));
    }

    private void Take(BreakerStep? step)
    {
        if (step is not null)
        {
            Assert.Equal(Breaker.Revision + 1, step.Next.Revision);
            Steps.Add(FormattableString.Invariant($"{Now} {step.Audit.From} > {step.Audit.To} by {step.Audit.By}"));
            Breaker = step.Next;
        }
    }
}
