using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace AspireAgent.AppHost.State;

/// <summary>Where the Redis-protocol server comes from.</summary>
internal enum RedisMode
{
    /// <summary>Decide by what this machine has.</summary>
    Auto,

    /// <summary>The official image, in a container runtime.</summary>
    Container,

    /// <summary><c>redis-server</c> from the PATH.</summary>
    Executable,

    /// <summary>Our own Redis.Embedded.</summary>
    Embedded,

    /// <summary>A server that runs already: <c>ConnectionStrings:redis</c>.</summary>
    External,
}

internal static class RedisModeChoice
{
    public const string Program = "redis-server";

    private static readonly TimeSpan RuntimeAnswersWithin = TimeSpan.FromSeconds(5);

    /// <summary>Redis:Mode, decided before the resource is added: what waits for an unstartable container waits for ever.</summary>
    public static RedisMode Decide(IConfiguration configuration, bool isPublishMode)
    {
        var wanted = configuration["Redis:Mode"] ?? nameof(RedisMode.Auto);
        if (!Enum.TryParse<RedisMode>(wanted, ignoreCase: true, out var mode) || !Enum.IsDefined(mode))
        {
            throw new DistributedApplicationException(
                $"Redis:Mode '{wanted}' is not known. It is one of auto, container, executable, embedded, external.");
        }

        return mode switch
        {
            RedisMode.Auto when isPublishMode => RedisMode.Container,
            RedisMode.Auto when ContainerRuntimeAnswers() => RedisMode.Container,
            RedisMode.Auto => IsOnPath(Program) ? RedisMode.Executable : RedisMode.Embedded,
            RedisMode.Executable when !IsOnPath(Program) => throw new DistributedApplicationException(
                $"Redis:Mode is executable, but there is no {Program} on the PATH. Install it, or use --Redis:Mode=embedded."),
            _ => mode,
        };
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, program)));

    private static bool ContainerRuntimeAnswers()
    {
        try
        {
            using var info = Process.Start(new ProcessStartInfo("docker", "info") { RedirectStandardOutput = true, RedirectStandardError = true });
            return info is not null && info.WaitForExit(RuntimeAnswersWithin) && info.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
