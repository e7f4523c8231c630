using Xunit;

namespace AspireAgent.Testing;

/// <summary>Programs that a machine may lack: there the test is not run and says so; with CI=true it fails.</summary>
public static class Requires
{
    public static string RedisServer() => Program("redis-server");

    public static string Chromium() => Program("chromium");

    public static string Npm() => Program("npm");

    private static string Program(string name)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
        if (path is null && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"'{name}' is not on the PATH, and CI must run every test.");
        }

        Assert.SkipWhen(path is null, $"'{name}' is not on the PATH.");
        return path!;
    }
}
