using System.ComponentModel.DataAnnotations;
using AspireAgent.Config.Layers;
using Microsoft.Extensions.Options;

namespace AspireAgent.Config;

/// <summary>What a deployment says about the configuration service.</summary>
public sealed class ConfigOptions : IValidatableObject
{
    public const string Section = "Config";

    /// <summary>Revisions that are kept of each layer; the oldest go first.</summary>
    [Range(2, 1_000_000)]
    public int HistoryKept { get; set; } = 10_000;

    /// <summary>Changes that the audit keeps.</summary>
    [Range(1, 1_000_000)]
    public int AuditKept { get; set; } = 10_000;

    /// <summary>Layers that a file feeds: scope (<c>global</c>, <c>group/vip</c>, <c>tenant/acme</c>) and path. The API cannot write these.</summary>
    public Dictionary<string, string> Files { get; init; } = [];

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Files
        .Where(file => Scope.Parse(file.Key) is null || file.Value.Length == 0)
        .Select(file => new ValidationResult($"Config:Files:{file.Key} must be a path, under global, group/NAME or tenant/NAME.", [nameof(Files)]));
}

[OptionsValidator]
internal sealed partial class ConfigOptionsValidator : IValidateOptions<ConfigOptions>;
