namespace AspireAgent.AppHost;

/// <summary>What keeps the system from starting, said in one line instead of a stack trace.</summary>
internal static class StartErrors
{
    /// <summary>Ends the process with code 1 and the message of a <see cref="DistributedApplicationException"/> that nobody caught.</summary>
    public static void ShowPlainly() => AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
    {
        if (thrown.ExceptionObject is DistributedApplicationException exception)
        {
            Console.Error.WriteLine($"error: {exception.Message}");
            Environment.Exit(1);
        }
    };
}
