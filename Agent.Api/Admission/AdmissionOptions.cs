using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Admission;

/// <summary>How turns are let in.</summary>
public sealed class AdmissionOptions
{
    public const string Section = "Admission";

    /// <summary>Longest wait for the ledger's answer when the lease in hand is not enough.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:30")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1);
}

[OptionsValidator]
internal sealed partial class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>;
