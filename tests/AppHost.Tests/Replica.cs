using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>One more replica, as an orchestrator would start it: the same environment, an address of its own.</summary>
internal static class Replica
{
    /// <summary>Starts <paramref name="project"/> as the process <paramref name="pid"/> was started, on <paramref name="port"/>.</summary>
    public static ChildProcess StartLike(int pid, string project, int? port = null, params (string Name, string Value)[] settings)
    {
        var environment = File.ReadAllText($"/proc/{pid}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split('=', 2)).ToDictionary(entry => entry[0], entry => entry[1]);
        environment["ASPNETCORE_URLS"] = $"http://localhost:{port ?? LocalPort.Free()}";
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return ChildProcess.Start(Repository.Program(project), environment: environment);
    }
}
