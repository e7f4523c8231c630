using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Config;

/// <summary>What a running answer follows: sampling from its next model call on, guards and kill switches at once.</summary>
[Takes(Effect.Immediately)]
public sealed record LiveKnobs
{
    [Description("Sampling temperature; null: the model's default. It holds from the next call of a model on.")]
    [Range(0.0, 2.0), Writable(Layer.Session)]
    public double? Temperature { get; init; }

    [Description("Nucleus sampling mass; null: the model's default. It holds from the next call of a model on.")]
    [Range(0.0, 1.0), Writable(Layer.Session)]
    public double? TopP { get; init; }

    public GuardKnobs Guards { get; init; } = new();

    [Writable(Layer.Global)]
    public ResilienceKnobs Resilience { get; init; } = new();

    [Writable(Layer.Global)]
    public BudgetKnobs Budget { get; init; } = new();

    [Writable(Layer.Global)]
    public KillSwitches Kill { get; init; } = new();
}

/// <summary>Thresholds of the guards over a running answer. A lower layer only tightens them.</summary>
public sealed record GuardKnobs
{
    [Description("Longest gap between two tokens of an answer; then it is stalled, and the turn's continuation policy says what comes of it.")]
    [Range(0.1, 600.0), Unit("seconds"), Limit]
    public double StallSeconds { get; init; } = 5;

    [Description("Equal tokens in a row at which an answer is cut as a loop.")]
    [Range(2, 10_000), Unit("tokens"), Limit]
    public int LoopRun { get; init; } = 5;

    [Description("Share of repeated n-grams in the loop window at which an answer is cut.")]
    [Range(0.0, 1.0), Limit, Reserved]
    public double LoopRepetition { get; init; } = 0.5;

    [Description("Length of an n-gram.")]
    [Range(1, 16), Unit("tokens"), Reserved]
    public int LoopNgram { get; init; } = 4;

    [Description("The newest tokens of an answer in which repetition is looked for.")]
    [Range(16, 8_192), Unit("tokens"), Reserved]
    public int LoopWindow { get; init; } = 128;

    [Description("Least speed of an answer; below it, it drips, and the turn's continuation policy says what comes of it. 0: any.")]
    [Range(0.0, 1_000.0), Unit("tokens/second"), Limit(HigherIsTighter = true)]
    public double DripTokensPerSecond { get; init; } = 0.5;

    [Description("The time over which an answer's speed is taken.")]
    [Range(1.0, 600.0), Unit("seconds")]
    public double DripWindowSeconds { get; init; } = 10;

    [Description("Share of failed tool calls that raises an alarm.")]
    [Range(0.0, 1.0), Limit, Reserved]
    public double ToolErrorShare { get; init; } = 0.2;

    [Description("The time over which tool calls are counted.")]
    [Range(1.0, 3_600.0), Unit("seconds"), Writable(Layer.Global)]
    public double ToolErrorWindowSeconds { get; init; } = 60;

    [Description("Turns in a row that repeat the same tool call at which a session makes no progress.")]
    [Range(2, 100), Unit("turns"), Limit, Reserved]
    public int NoProgressTurns { get; init; } = 3;
}

/// <summary>When a route counts as failing, and what is done meanwhile. A pod judges each of its routes by its own calls.</summary>
public sealed record ResilienceKnobs
{
    [Description("Times that a call is made again, on the same route, before the next route has its turn.")]
    [Range(0, 10)]
    public int Retries { get; init; } = 1;

    [Description("Wait for the first token after which the plan's next route is called beside the first; the first to speak wins. Null: never.")]
    [Range(0.05, 600.0), Unit("seconds")]
    public double? HedgeAfterSeconds { get; init; }

    [Description("Most calls that may be hedged, as a share of all: a vendor that is slow to everybody is not doubled.")]
    [Range(0.0, 1.0)]
    public double HedgeShare { get; init; } = 0.03;

    [Description("Share of a route's calls that fail, within the window, at which its breaker opens.")]
    [Range(0.01, 1.0)]
    public double BreakerFailureShare { get; init; } = 0.5;

    [Description("Least calls within the window by which a route is judged.")]
    [Range(1, 100_000), Unit("calls")]
    public int BreakerMinimumCalls { get; init; } = 10;

    [Description("The time over which a route's calls are judged.")]
    [Range(1.0, 3_600.0), Unit("seconds")]
    public double BreakerWindowSeconds { get; init; } = 30;

    [Description("How long an open breaker stays open, by a fifth more or less at random; then one call tries.")]
    [Range(0.1, 3_600.0), Unit("seconds")]
    public double BreakSeconds { get; init; } = 60;

    [Description("How long each step lasts by which traffic comes back to a route: a tenth, a quarter, half, all. By a fifth more or less at random.")]
    [Range(0.0, 3_600.0), Unit("seconds")]
    public double RecoveryStepSeconds { get; init; } = 10;

    [Description("How long a route that failed as a fallback is not fallen back to, unless it asks for more.")]
    [Range(0.0, 3_600.0), Unit("seconds")]
    public double FallbackCoolDownSeconds { get; init; } = 5;
}

/// <summary>Switches that turn something off everywhere, at once. Only the global layer has them: nobody below turns it on again.</summary>
public sealed record KillSwitches
{
    [Description("Ends every running answer, and each new one before it starts.")]
    public bool Answers { get; init; }

    [Description("No tool is called.")]
    public bool Tools { get; init; }

    [Description("Nothing is retrieved.")]
    [Reserved]
    public bool Knowledge { get; init; }

    [Description("No shadow runs.")]
    [Reserved]
    public bool Shadow { get; init; }
}
