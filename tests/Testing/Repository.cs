namespace AspireAgent.Testing;

/// <summary>Where things are: the repository, and the programs built beside this test.</summary>
public static class Repository
{
    /// <summary>The folder of AspireAgent.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release, as this test was built.</summary>
    public static string Configuration { get; } =
        new DirectoryInfo(AppContext.BaseDirectory).Parent?.Name ?? throw new InvalidOperationException("Built in an unknown place.");

    /// <summary>The built program of a project, such as <c>Config.Service</c>.</summary>
    public static string Program(string project) => Path.Combine(Root, project, "bin", Configuration, "net10.0", project);

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "AspireAgent.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("The tests run below the repository's folder.");
    }
}
