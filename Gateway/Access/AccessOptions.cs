using System.ComponentModel.DataAnnotations;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Access;

/// <summary>Who may call.</summary>
public sealed class AccessOptions : IValidatableObject
{
    public const string Section = "Access";

    /// <summary>API keys, by any name.</summary>
    public Dictionary<string, ApiKeyOptions> Keys { get; init; } = [];

    /// <summary>Tokens of an OpenID Connect issuer; without an authority none are accepted.</summary>
    public JwtOptions Jwt { get; init; } = new();

    /// <summary>Open streams of one tenant on one gateway.</summary>
    [Range(1, 1_000_000)]
    public int MaxStreamsPerTenant { get; set; } = 20_000;

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, key) in Keys)
        {
            if (key.Sha256.Length != 64 || !key.Sha256.All(char.IsAsciiHexDigit))
            {
                yield return new ValidationResult($"Access:Keys:{name}:Sha256 must be 64 hexadecimal digits.", [nameof(Keys)]);
            }

            if (key.Tenant.Length == 0 || key.Role is not (Caller.UserRole or Caller.OperatorRole))
            {
                yield return new ValidationResult($"Access:Keys:{name} needs a Tenant, and a Role that is user or operator.", [nameof(Keys)]);
            }
        }
    }
}

/// <summary>An API key: its hash, and whom it stands for. The key itself is nowhere.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>SHA-256 of the key, hexadecimal.</summary>
    public string Sha256 { get; set; } = "";

    public string Tenant { get; set; } = "";

    public string Tier { get; set; } = Caller.StandardTier;

    public string Role { get; set; } = Caller.UserRole;

    /// <summary>Group whose layer of the configuration holds; empty: none.</summary>
    public string Group { get; set; } = "";
}

/// <summary>An OpenID Connect issuer. Its tokens carry the claims <c>tenant</c>, <c>tier</c>, <c>role</c> and, where there are any, <c>group</c>.</summary>
public sealed class JwtOptions
{
    /// <summary>The issuer's address; empty: none.</summary>
    public string Authority { get; set; } = "";

    public string Audience { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class AccessOptionsValidator : IValidateOptions<AccessOptions>;
