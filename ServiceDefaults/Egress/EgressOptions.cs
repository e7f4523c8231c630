using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Egress;

/// <summary>Where a service may connect to beside the other services. Addresses that are not public are refused unless listed.</summary>
public sealed class EgressOptions : IValidatableObject
{
    public const string Section = "Egress";

    private const string AnySubdomain = "*.";

    /// <summary>Names that may be called: <c>api.openai.com</c>, <c>*.openai.azure.com</c> (any depth, not the bare domain). Empty: all.</summary>
    public IList<string> Hosts { get; init; } = [];

    /// <summary>
    /// Ranges of addresses that may be called although they are not public: <c>10.1.0.0/16</c>. A cloud's metadata service must be
    /// listed as the single address that it is.
    /// </summary>
    public IList<string> Networks { get; init; } = [];

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var host in Hosts.Where(host => Uri.CheckHostName(Bare(host)) is UriHostNameType.Unknown))
        {
            yield return new ValidationResult($"Egress:Hosts: '{host}' is neither a host's name nor of the form *.example.com.", [nameof(Hosts)]);
        }

        foreach (var network in Networks.Where(network => !IPNetwork.TryParse(network, out _)))
        {
            yield return new ValidationResult($"Egress:Networks: '{network}' is no range such as 10.1.0.0/16.", [nameof(Networks)]);
        }
    }

    /// <summary>Whether <see cref="Hosts"/> lets that name pass.</summary>
    internal bool Lists(string host)
    {
        var name = host.TrimEnd('.'); // "example.com." is the same, fully qualified
        return Hosts.Count == 0 || Hosts.Any(listed => listed.StartsWith(AnySubdomain, StringComparison.Ordinal)
            ? name.EndsWith(listed[1..], StringComparison.OrdinalIgnoreCase) && name.Length >= listed.Length
            : name.Equals(listed, StringComparison.OrdinalIgnoreCase));
    }

    private static string Bare(string host) => host.StartsWith(AnySubdomain, StringComparison.Ordinal) ? host[AnySubdomain.Length..] : host;
}

[OptionsValidator]
internal sealed partial class EgressOptionsValidator : IValidateOptions<EgressOptions>;
