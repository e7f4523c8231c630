#pragma warning disable CA1050 // the runtime looks for it outside of all namespaces

/// <summary>Makes the runtime load this assembly, so that its hosting startup is found.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        // To be loaded is all.
    }
}
