using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Config;

/// <summary>When a change of a property is felt.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Effect>))]
public enum Effect
{
    /// <summary>By the next input; a running turn keeps what it began with.</summary>
    [JsonStringEnumMemberName("next-turn")] NextTurn,

    /// <summary>By the running answer, too.</summary>
    [JsonStringEnumMemberName("immediately")] Immediately,
}

/// <summary>Where a value comes from: later ones go over earlier ones.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Layer>))]
public enum Layer
{
    [JsonStringEnumMemberName("defaults")] Defaults,
    [JsonStringEnumMemberName("global")] Global,
    [JsonStringEnumMemberName("release")] Release,
    [JsonStringEnumMemberName("group")] Group,
    [JsonStringEnumMemberName("tenant")] Tenant,
    [JsonStringEnumMemberName("session")] Session,
}

/// <summary>When a change is felt. It stands at the record, for all of its properties: the record is what a turn freezes, or does not.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class TakesAttribute(Effect effect) : Attribute
{
    public Effect Effect { get; } = effect;
}

/// <summary>The lowest layer that may set it; a section's holds for what is in it. Without one: <see cref="Layer.Tenant"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WritableAttribute(Layer upTo) : Attribute
{
    public Layer UpTo { get; } = upTo;
}

/// <summary>It is a limit: a layer may only make it tighter than the layers above it say. Null, where allowed, is no limit.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LimitAttribute : Attribute
{
    /// <summary>Whether the greater number is the tighter one.</summary>
    public bool HigherIsTighter { get; init; }

    /// <summary>Whether <paramref name="one"/> is looser than <paramref name="other"/>.</summary>
    public bool IsLooser(double? one, double? other) => (one, other) switch
    {
        (_, null) => false,
        (null, _) => true,
        _ => HigherIsTighter ? one < other : one > other,
    };
}

/// <summary>What it is counted in.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UnitAttribute(string unit) : Attribute
{
    public string Unit { get; } = unit;
}

/// <summary>It is kept, merged and shown, but nothing acts on it yet.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ReservedAttribute : Attribute;

/// <summary>Bounds of a map: how many entries, which names, how long its texts.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EntriesAttribute : ValidationAttribute
{
    public int Most { get; init; } = 64;

    public int LongestText { get; init; } = 4_096;

    /// <inheritdoc />
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        switch (value)
        {
            case IReadOnlyDictionary<string, string> texts when texts.Values.Any(text => text is null || text.Length > LongestText):
                return new ValidationResult($"A text has at most {LongestText} characters.");
            case IReadOnlyDictionary<string, string> texts:
                return Names(texts.Keys);
            case IReadOnlyDictionary<string, bool> switches:
                return Names(switches.Keys);
            default:
                return ValidationResult.Success;
        }
    }

    private ValidationResult? Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count > Most ? new ValidationResult($"There are at most {Most} entries.")
            : all.Find(name => !PromptTemplate.IsName(name)) is { } odd ? new ValidationResult($"'{odd}' is no name: a letter, then letters, digits, '_' or '-', 64 at most.")
            : ValidationResult.Success;
    }
}
