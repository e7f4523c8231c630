using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator;

/// <summary>The vendor that we stand in for.</summary>
public sealed class SimulatorOptions
{
    public const string Section = "Simulator";

    /// <summary>The key that callers must send; empty: none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>Seed of every draw: the same request gets the same answer and the same tempo.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>How many times faster than real the models are; 0: no delays at all.</summary>
    [Range(0.0, 10_000.0)]
    public double Speed { get; set; } = 1;

    /// <summary>Requests that the log keeps.</summary>
    [Range(1, 1_000_000)]
    public int KeptRequests { get; set; } = 5_000;
}

[OptionsValidator]
internal sealed partial class SimulatorOptionsValidator : IValidateOptions<SimulatorOptions>;
