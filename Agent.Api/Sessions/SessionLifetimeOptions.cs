using System.ComponentModel.DataAnnotations;
using AspireAgent.Contracts.Sessions;
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

    /// <summary>Turns whose events stay readable; older ones are in the conversation, but no longer in the log.</summary>
    [Range(1, SessionState.RememberedTurns - 1)]
    public int KeptTurns { get; set; } = 50;

    /// <summary>An answer that was cut off longer ago than this is not gone on with; it ends as interrupted.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ContinueWithin { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Sessions that a pod hydrates at the same time; those in which something runs come first.</summary>
    [Range(1, 1_024)]
    public int MaxHydrations { get; set; } = 16;

    /// <summary>A reader that has let us wait for so long, and is far behind, is told runs of tokens as one.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan SlowAfter { get; set; } = TimeSpan.FromSeconds(1);
}

[OptionsValidator]
internal sealed partial class SessionLifetimeOptionsValidator : IValidateOptions<SessionLifetimeOptions>;
