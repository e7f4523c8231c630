namespace AspireAgent.Streams.Tests.Breakers;

/// <summary>Says what the test says; one half means no jitter.</summary>
internal sealed class FixedRandom : Random
{
    public double Next01 { get; set; } = 0.5;

    public override double NextDouble() => Next01;
}
