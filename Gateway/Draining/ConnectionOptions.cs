using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Draining;

/// <summary>How long a client's stream may be of no use.</summary>
public sealed class ConnectionOptions
{
    public const string Section = "Connections";

    /// <summary>A stream on which neither side has said anything for so long, signs of life not counted, ends; the client comes back with its cursor.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A client that does not take within this what it is handed is cut off. What the machines on the way hold counts as not taken, so
    /// that one that reads, but slowly, must take some tens of KiB within it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StuckTimeout { get; set; } = TimeSpan.FromMinutes(1);
}

[OptionsValidator]
internal sealed partial class ConnectionOptionsValidator : IValidateOptions<ConnectionOptions>;
