using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Chaos;

/// <summary>A fault that is injected into model calls for a while. It never outlives its time to live.</summary>
public sealed record ChaosExperiment
{
    /// <summary>Its name, unique in the system; given by the path.</summary>
    [StringLength(64)]
    public string Id { get; init; } = "";

    /// <summary>The one route that is affected; null: all.</summary>
    [StringLength(64)]
    public string? Route { get; init; }

    /// <summary>Share of model calls that fail with a network error, 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double ErrorRate { get; init; }

    /// <summary>Least delay before a model call; seconds.</summary>
    [Range(0.0, 60.0)]
    public double MinDelaySeconds { get; init; }

    /// <summary>Greatest delay before a model call; seconds. Drawn uniformly.</summary>
    [Range(0.0, 60.0)]
    public double MaxDelaySeconds { get; init; }

    /// <summary>How long a start lasts; seconds. Mandatory.</summary>
    [Range(1.0, 86_400.0)]
    public required double TtlSeconds { get; init; }

    /// <summary>Seed of its draws.</summary>
    public int Seed { get; init; }

    /// <summary>When it ends if it runs; null: it does not run.</summary>
    public DateTimeOffset? EndsAt { get; init; }
}

/// <summary>The chaos signal: all experiments, whether they run or not.</summary>
public sealed record ChaosStatus(IReadOnlyList<ChaosExperiment> Experiments)
{
    /// <summary>No chaos: also what holds when the signal has gone silent.</summary>
    public static ChaosStatus Calm { get; } = new([]);

    /// <summary>Those that run at <paramref name="now"/>.</summary>
    public IEnumerable<ChaosExperiment> RunningAt(DateTimeOffset now) => Experiments.Where(experiment => experiment.EndsAt > now);
}
