namespace AspireAgent.Testing;

/// <summary><c>./test --long</c>: what happens by chance is tried many times more.</summary>
public static class LongMode
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("ASPIREAGENT_LONG") == "1";

    /// <summary>How often, in the normal run and in the long one.</summary>
    public static int Times(int normally, int inLongMode) => IsOn ? inLongMode : normally;
}
