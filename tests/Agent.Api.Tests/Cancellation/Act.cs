namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>What a turn is doing when it is made to end.</summary>
/// <param name="Name">Also of the plan that serves it.</param>
/// <param name="Concerns">Whose connections it is about.</param>
/// <param name="Routes">Its plan: names of <see cref="WiredPod.Faults"/>.</param>
/// <param name="Words">What the user asks; naming a tool has the model call it.</param>
/// <param name="Over">Calls that are over by then, and how they ended.</param>
/// <param name="Open">Calls that are open, and that nothing but the cause will end.</param>
internal sealed record Act(string Name, Concern Concerns, string[] Routes, string Words, string[] Over, string[] Open)
{
    private const string Talk = "Tell me of the sea.";

    public static IReadOnlyList<Act> All { get; } =
    [
        new("unanswered", Concern.Model, ["mute"], Talk, [], ["mute"]),
        new("opened", Concern.Model, ["wordless"], Talk, [], ["wordless"]),
        new("stalled-in-mid-stream", Concern.Model, ["stalled"], Talk, [], ["stalled"]),
        new("speaking", Concern.Model, ["drips"], Talk, [], ["drips"]),

        // Who loses is closed by the first word of the other; where neither has spoken yet, both by the cause.
        new("hedge-won", Concern.Loser, ["mute", "stalled"], Talk, ["mute cancelled"], ["stalled"]),
        new("hedge-open", Concern.Loser, ["wordless", "mute"], Talk, [], ["mute", "wordless"]),
        new("tool-hedge-won", Concern.Loser, ["stalled"], "Ask survey about it.", ["stalled completed", "tool:almanac completed", "tool:survey cancelled"], ["stalled"]),
        new("tool-hedge-open", Concern.Loser, ["stalled"], "Ask search about it.", ["stalled completed"], ["tool:index", "tool:search"]),

        new("two-tools", Concern.Tool, ["stalled"], "Ask lookup and weigh about it.", ["stalled completed"], ["tool:lookup", "tool:weigh"]),
    ];

    /// <summary>What the simulator has seen of it when it is reached.</summary>
    public string Reached => Tell(Over, Open.Select(call => $"{call} running"));

    /// <summary>And when nothing of it is left.</summary>
    public string Cancelled => Tell(Over, Open.Select(call => $"{call} cancelled"));

    /// <summary>Whether the user has been told something by then.</summary>
    public bool Speaks => Open.Any(call => call is "stalled" or "drips");

    /// <summary>Whether the plan hedges: so many at once are limited.</summary>
    public bool HedgesModels => Routes.Length > 1;

    public static Act Of(string name) => All.Single(act => act.Name == name);

    public static string Tell(params IEnumerable<string>[] calls) => string.Join(", ", calls.SelectMany(call => call).Order(StringComparer.Ordinal));
}

/// <summary>Whose connections an act is about.</summary>
internal enum Concern
{
    Model,
    Loser,
    Tool,
}
