using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator;

/// <summary>The vendor that we stand in for.</summary>
public sealed class SimulatorOptions
{
    public const string Section = "Simulator";

    /// <summary>The first key that callers may send; empty: there is none but <see cref="ApiKeys"/>.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>More keys that callers may send. May change while it runs.</summary>
    public IReadOnlyList<string> ApiKeys { get; set; } = [];

    /// <summary>Seed of every draw: the same request gets the same answer and the same tempo.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>How many times faster than real the models are; 0: no delays at all.</summary>
    [Range(0.0, 10_000.0)]
    public double Speed { get; set; } = 1;

    /// <summary>Requests that the log keeps.</summary>
    [Range(1, 1_000_000)]
    public int KeptRequests { get; set; } = 5_000;

    internal IReadOnlyList<string> AllKeys => [.. ApiKeys.Prepend(ApiKey).Where(key => key.Length > 0)];
}

[OptionsValidator]
internal sealed partial class SimulatorOptionsValidator : IValidateOptions<SimulatorOptions>;
