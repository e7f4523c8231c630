using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Trust;

/// <summary>Trust among the services: one shared key, from the deployment.</summary>
public sealed class TrustOptions
{
    public const string Section = "Trust";

    /// <summary>Key of the HMAC under each internal token; at least 32 characters of random text.</summary>
    [Required, MinLength(32)]
    public string Key { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class TrustOptionsValidator : IValidateOptions<TrustOptions>;
