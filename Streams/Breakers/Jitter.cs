namespace AspireAgent.Streams.Breakers;

internal static class Jitter
{
    /// <summary>A factor of 0.8 to 1.2, so that many do not do the same at the same instant.</summary>
    public static double AFifthMoreOrLess(this Random random) => 0.8 + 0.4 * random.NextDouble();
}
