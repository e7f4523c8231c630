using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>How this process shows itself to the others.</summary>
public sealed class InstanceOptions
{
    public const string Section = "Instance";

    /// <summary>Unique name; empty: made up from the kind and a random number.</summary>
    [RegularExpression("^[a-z0-9-]{0,64}$")]
    public string Name { get; set; } = "";

    /// <summary>Address at which other pods reach this one, such as <c>http://10.0.0.7:8080</c>; empty: the server's own.</summary>
    [RegularExpression("^(https?://.+)?$")]
    public string AdvertisedAddress { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class InstanceOptionsValidator : IValidateOptions<InstanceOptions>;
