using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Sessions;

/// <summary>How long sessions live.</summary>
public sealed class SessionLifetimeOptions
{
    public const string Section = "Sessions";

    /// <summary>Idle time after which a session is forgotten.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromDays(30);

    /// <summary>The same for a session that one completion call made.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan EphemeralTimeToLive { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Idle time after which a pod puts a session aside; its state stays in Redis and the next call brings it back.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan PutAsideAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The same for a session that one completion call made.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan EphemeralPutAsideAfter { get; set; } = TimeSpan.FromSeconds(10);
}

[OptionsValidator]
internal sealed partial class SessionLifetimeOptionsValidator : IValidateOptions<SessionLifetimeOptions>;
