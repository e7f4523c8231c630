using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>How an instance drains where nobody says otherwise.</summary>
public sealed class DrainOptions : IValidatableObject
{
    public const string Section = "Draining";

    /// <summary>Age from which a gateway's connections are asked to come back elsewhere.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan SoftDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Time from the order on after which what is left is moved or closed by force.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan HardDeadline { get; set; } = TimeSpan.FromHours(4);

    /// <summary>The same where the process is told to end (SIGTERM). Some seconds less than the platform waits before it kills.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(8);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SoftDeadline > HardDeadline)
        {
            yield return new ValidationResult("Draining:SoftDeadline must not be after Draining:HardDeadline.", [nameof(SoftDeadline)]);
        }
    }
}

[OptionsValidator]
internal sealed partial class DrainOptionsValidator : IValidateOptions<DrainOptions>;
