using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Instances;

/// <summary>Asks an instance to drain; what is left out is the default of the gateway that is asked.</summary>
public sealed record DrainRequest
{
    /// <summary>Age from which a gateway's connections are asked to come back elsewhere. An agent has no use for it.</summary>
    [Range(0, 86_400)]
    public int? SoftSeconds { get; init; }

    /// <summary>From now; then what is left is moved or closed by force, its state kept.</summary>
    [Range(0, 86_400)]
    public int? HardSeconds { get; init; }

    /// <summary>Whether the process ends at the hard deadline. It does where nobody says no, as where a platform would only start it again.</summary>
    public bool? Exit { get; init; }
}

/// <summary>An instance that drains.</summary>
/// <param name="Since">When it began to.</param>
/// <param name="HardAt">When what is left is moved or closed by force.</param>
/// <param name="SoftSeconds">Age from which a gateway's connections get a notice.</param>
/// <param name="Exit">Whether the process ends then.</param>
/// <param name="Sessions">What it had when it began; beside what it has, the progress.</param>
public sealed record DrainStatus(DateTimeOffset Since, DateTimeOffset HardAt, int SoftSeconds, bool Exit, int Sessions = 0);
