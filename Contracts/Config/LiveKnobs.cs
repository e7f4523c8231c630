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
    public KillSwitches Kill { get; init; } = new();
}

/// <summary>Thresholds of the guards over a running answer. A lower layer only tightens them.</summary>
public sealed record GuardKnobs
{
    [Description("Longest gap between two tokens of an answer; then it is cut.")]
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

    [Description("Least speed of an answer; below it, it drips.")]
    [Range(0.0, 1_000.0), Unit("tokens/second"), Limit(HigherIsTighter = true), Reserved]
    public double DripTokensPerSecond { get; init; } = 0.5;

    [Description("The time over which an answer's speed is taken.")]
    [Range(1.0, 600.0), Unit("seconds"), Reserved]
    public double DripWindowSeconds { get; init; } = 10;

    [Description("Share of failed tool calls that raises an alarm.")]
    [Range(0.0, 1.0), Limit, Reserved]
    public double ToolErrorShare { get; init; } = 0.2;

    [Description("The time over which tool calls are counted.")]
    [Range(1.0, 3_600.0), Unit("seconds"), Reserved]
    public double ToolErrorWindowSeconds { get; init; } = 60;

    [Description("Turns in a row that repeat the same tool call at which a session makes no progress.")]
    [Range(2, 100), Unit("turns"), Limit, Reserved]
    public int NoProgressTurns { get; init; } = 3;
}

/// <summary>Switches that turn something off everywhere, at once. Only the global layer has them: nobody below turns it on again.</summary>
public sealed record KillSwitches
{
    [Description("Ends every running answer, and each new one before it starts.")]
    public bool Answers { get; init; }

    [Description("No tool is called.")]
    [Reserved]
    public bool Tools { get; init; }

    [Description("Nothing is retrieved.")]
    [Reserved]
    public bool Knowledge { get; init; }

    [Description("No shadow runs.")]
    [Reserved]
    public bool Shadow { get; init; }
}
