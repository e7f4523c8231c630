using Microsoft.Extensions.Configuration;

namespace AspireAgent.AppHost.State;

/// <summary>Where a local server keeps its data: one server at a time, readable by this user alone.</summary>
internal static class DataDirectory
{
    // Held until the process ends: two servers on one log would ruin it.
    private static FileStream? _lock;

    /// <summary>Redis:DataDirectory, by default <c>artifacts/data/{mode}</c>, created and locked.</summary>
    public static string Open(IConfiguration configuration, string appHostDirectory, RedisMode mode)
    {
        var directory = Path.GetFullPath(
            configuration["Redis:DataDirectory"] ?? Path.Combine("..", "artifacts", "data", $"redis-{mode}".ToLowerInvariant()),
            appHostDirectory);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
            }
            else
            {
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            _lock = new FileStream(Path.Combine(directory, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return directory;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException(
                $"The data directory {directory} cannot be used: {exception.Message} "
                + "If another run uses it, stop that one or give --Redis:DataDirectory=PATH.", exception);
        }
    }
}
