using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Config;

/// <summary>What a turn freezes at its input. <c>docs/configuration.md</c> is made from these attributes.</summary>
[Takes(Effect.NextTurn)]
public sealed record TurnConfig
{
    [Description("Template of the system prompt. {{name}} stands for a variable, {{{{ for two braces.")]
    [Required, StringLength(65_536, MinimumLength = 1), Unit("characters")]
    public string SystemPrompt { get; init; } =
        "You are a helpful assistant. Answer clearly and briefly, and say so when you do not know.";

    [Description("Your own name for this version of the prompt; it is part of the fingerprint, beside the text's hash.")]
    [StringLength(64, MinimumLength = 1)]
    public string? PromptVersion { get; init; }

    [Description("The template's variables, by name.")]
    [Entries]
    public IReadOnlyDictionary<string, string> PromptVariables { get; init; } = new Dictionary<string, string>();

    [Description("Name of the model plan that serves; null: the deployment's default. A name that the deployment does not know is the default, too.")]
    [StringLength(64, MinimumLength = 1)]
    public string? Plan { get; init; }

    [Description("Cap of one answer.")]
    [Range(1, 131_072), Unit("tokens"), Limit, Writable(Layer.Session)]
    public int MaxOutputTokens { get; init; } = 1_024;

    [Description("Window of the conversation that a model is shown, the answer's cap included; null: the model's own.")]
    [Range(1_024, 10_000_000), Unit("tokens"), Limit]
    public int? ContextTokens { get; init; }

    [Description("How much the agent says.")]
    [Writable(Layer.Session)]
    public Verbosity Verbosity { get; init; } = Verbosity.Normal;

    [Description("Language of the answers, a BCP 47 tag such as de or pt-BR; null: that of the user.")]
    [RegularExpression("^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"), StringLength(35, MinimumLength = 2), Writable(Layer.Session)]
    public string? Language { get; init; }

    [Description("What an input does that arrives while a turn runs.")]
    [Writable(Layer.Session)]
    public InputPolicy InputPolicy { get; init; } = InputPolicy.Queue;

    [Description("Tools by name: on or off. One that is not named is on.")]
    [Entries]
    public IReadOnlyDictionary<string, bool> Tools { get; init; } = new Dictionary<string, bool>();

    [Description("Most times that one turn calls its model again with what its tools have returned.")]
    [Range(0, 64), Unit("rounds"), Limit]
    public int MaxToolRounds { get; init; } = 8;

    public LastResortConfig LastResort { get; init; } = new();

    public KnowledgeConfig Knowledge { get; init; } = new();

    public DisconnectConfig Disconnect { get; init; } = new();

    public ContinuationConfig Continuation { get; init; } = new();

    [Writable(Layer.Global)]
    public ShadowConfig Shadow { get; init; } = new();
}

/// <summary>What the agent says, by rule and without a model, when no route of its plan can answer.</summary>
public sealed record LastResortConfig
{
    [Description("Whether it says anything; if not, the turn fails.")]
    public bool Enabled { get; init; } = true;

    [Description("What it says.")]
    [Required, StringLength(4_096, MinimumLength = 1), Unit("characters")]
    public string Answer { get; init; } = "Sorry, I can't help with that right now. Please try again in a moment.";

    [Description("What it says instead where the user's last words hold the key, a word, whatever its case.")]
    [Entries]
    public IReadOnlyDictionary<string, string> Answers { get; init; } = new Dictionary<string, string>();
}

/// <summary>Retrieval.</summary>
public sealed record KnowledgeConfig
{
    [Description("Id of the knowledge index; null: the deployment's default.")]
    [StringLength(64, MinimumLength = 1), Reserved]
    public string? Index { get; init; }

    [Description("Most passages that a prompt is given; 0: no retrieval.")]
    [Range(0, 50), Reserved]
    public int TopK { get; init; } = 4;

    [Description("Least similarity of a passage.")]
    [Range(0.0, 1.0), Unit("cosine"), Reserved]
    public double MinScore { get; init; } = 0.3;
}

/// <summary>What a turn does whose client has gone without a stop.</summary>
public sealed record DisconnectConfig
{
    [Description("Whether the turn goes on for a client that may come back.")]
    public DisconnectPolicy Policy { get; init; } = DisconnectPolicy.Continue;

    [Description("How long it goes on.")]
    [Range(0, 86_400), Unit("seconds"), Limit]
    public int ContinueSeconds { get; init; } = 60;
}

/// <summary>
/// What becomes of a turn that was cut off after it had begun to speak: its model broke off, or its pod died or was drained in mid-turn.
/// </summary>
public sealed record ContinuationConfig
{
    [Description("What becomes of an answer that was cut off: it goes on where it stood, starts anew (a model.switched event says so), or ends as a retriable failure.")]
    public ContinuationPolicy Policy { get; init; } = ContinuationPolicy.Continue;

    [Description("What to do instead of going on where the route has no prefill.")]
    public NoPrefillPolicy OnNoPrefill { get; init; } = NoPrefillPolicy.Restart;

    [Description("Most times that one turn goes on after its models broke off; then it fails.")]
    [Range(0, 16), Limit]
    public int MostRecoveries { get; init; } = 3;
}

/// <summary>The shadow: a variant that runs unseen beside production.</summary>
public sealed record ShadowConfig
{
    [Description("Share of the sessions that have a shadow.")]
    [Range(0.0, 100.0), Unit("percent"), Reserved]
    public double Percent { get; init; }

    [Description("What the shadow does differently: a patch of this document.")]
    [Reserved]
    public JsonObject? Variant { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<Verbosity>))]
public enum Verbosity
{
    [JsonStringEnumMemberName("terse")] Terse,
    [JsonStringEnumMemberName("normal")] Normal,
    [JsonStringEnumMemberName("detailed")] Detailed,
}

[JsonConverter(typeof(JsonStringEnumConverter<InputPolicy>))]
public enum InputPolicy
{
    /// <summary>It waits for its turn.</summary>
    [JsonStringEnumMemberName("queue")] Queue,

    /// <summary>It cancels the running turn and all that wait (barge-in).</summary>
    [JsonStringEnumMemberName("interrupt")] Interrupt,
}

[JsonConverter(typeof(JsonStringEnumConverter<DisconnectPolicy>))]
public enum DisconnectPolicy
{
    /// <summary>It goes on for a while.</summary>
    [JsonStringEnumMemberName("continue")] Continue,

    /// <summary>It is cancelled.</summary>
    [JsonStringEnumMemberName("cancel")] Cancel,
}

/// <summary>What becomes of an answer that is cut off after its first words.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ContinuationPolicy>))]
public enum ContinuationPolicy
{
    /// <summary>It goes on after the words that the log holds.</summary>
    [JsonStringEnumMemberName("continue")] Continue,

    /// <summary>It starts anew; what was said is to be discarded.</summary>
    [JsonStringEnumMemberName("restart")] Restart,

    /// <summary>It ends as a failure that may be retried.</summary>
    [JsonStringEnumMemberName("stop")] Stop,
}

/// <summary>The same where it cannot go on after its words.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoPrefillPolicy>))]
public enum NoPrefillPolicy
{
    /// <summary>It starts anew; what was said is to be discarded.</summary>
    [JsonStringEnumMemberName("restart")] Restart,

    /// <summary>It ends as a failure that may be retried.</summary>
    [JsonStringEnumMemberName("stop")] Stop,
}
