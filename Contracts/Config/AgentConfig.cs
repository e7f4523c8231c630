using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Config;

/// <summary>What an agent does: the merged document of all configuration layers. A turn holds one snapshot of it.</summary>
public sealed record AgentConfig
{
    /// <summary>The system prompt; characters.</summary>
    [Required, StringLength(65_536, MinimumLength = 1)]
    public string SystemPrompt { get; init; } =
        "You are a helpful assistant. Answer clearly and briefly, and say so when you do not know.";

    /// <summary>The model route that serves; null: the deployment's default route.</summary>
    [StringLength(64)]
    public string? Route { get; init; }

    /// <summary>Sampling temperature; null: the model's default.</summary>
    [Range(0.0, 2.0)]
    public double? Temperature { get; init; }

    /// <summary>Nucleus sampling mass; null: the model's default.</summary>
    [Range(0.0, 1.0)]
    public double? TopP { get; init; }

    /// <summary>Cap of one answer; tokens.</summary>
    [Range(1, 131_072)]
    public int MaxOutputTokens { get; init; } = 1_024;

    /// <summary>What an input does that arrives while a turn runs.</summary>
    public InputPolicy InputPolicy { get; init; } = InputPolicy.Queue;
}

[JsonConverter(typeof(JsonStringEnumConverter<InputPolicy>))]
public enum InputPolicy
{
    /// <summary>It waits for its turn.</summary>
    [JsonStringEnumMemberName("queue")] Queue,

    /// <summary>It cancels the running turn and all that wait (barge-in).</summary>
    [JsonStringEnumMemberName("interrupt")] Interrupt,
}
