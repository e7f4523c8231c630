using System.Diagnostics;
using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Run;

/// <summary>One process of one resource; after its end it can be started again on the same ports.</summary>
internal sealed class Instance(IResourceWithEnvironment resource, string id, string command, string workingDirectory, int replica)
{
    private const int KeptLines = 20;
    private const int SigTerm = 15;
    private const string SetSid = "/usr/bin/setsid";

    private readonly Queue<string> _lastLines = new();
    private Process? _process;

    public IResourceWithEnvironment Resource { get; } = resource;

    public string Id { get; } = id;

    public string Command { get; private set; } = command;

    public IReadOnlyList<string> Arguments { get; private set; } = [];

    public ProcessEnvironment? Environment { get; set; }

    public bool IsRunning => _process is { HasExited: false };

    public int Pid => _process?.Id ?? 0;

    public Task<int> Ended { get; private set; } = Task.FromResult(0);

    public IEnumerable<UrlSnapshot> Urls => Resource.Annotations.OfType<EndpointAnnotation>()
        .Where(endpoint => endpoint.UriScheme is "http" or "https" && endpoint.Allocated.Count > replica)
        .Select(endpoint => new UrlSnapshot(endpoint.Name, $"{endpoint.UriScheme}://localhost:{endpoint.Allocated[replica]}", false));

    public string LastLines
    {
        get
        {
            lock (_lastLines)
            {
                return string.Join('\n', _lastLines);
            }
        }
    }

    public static Instance Of(DistributedApplicationBuilder builder, IResourceWithEnvironment resource, int replica, int replicas)
    {
        var id = replicas == 1 ? resource.Name : $"{resource.Name}-{replica + 1}";
        if (resource is ExecutableResource executable)
        {
            return new Instance(resource, id, executable.Command, executable.WorkingDirectory, replica);
        }

        var project = resource.Annotations.OfType<ProjectMetadataAnnotation>().Single().Metadata.ProjectPath;
        var directory = Path.GetDirectoryName(project)!;
        var program = Path.Combine(directory, builder.OutputPath, Path.GetFileNameWithoutExtension(project));
        return new Instance(resource, id, OperatingSystem.IsWindows() ? program + ".exe" : program, directory, replica);
    }

    public int Port(string endpoint) =>
        Resource.Annotations.OfType<EndpointAnnotation>().Single(known => known.Name == endpoint).Allocated[replica];

    public async Task StartAsync(ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!Exists(Command))
        {
            throw new DistributedApplicationException($"there is no program '{Command}'.");
        }

        // A session of its own, where there is the tool for it: Ctrl-C is for the AppHost, which ends its children in order.
        var start = new ProcessStartInfo(File.Exists(SetSid) ? SetSid : Command)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (start.FileName == SetSid)
        {
            start.ArgumentList.Add(Command);
        }

        await Environment!.ApplyAsync(start, Resource, Id, replica, cancellationToken);
        Arguments = [.. start.FileName == SetSid ? start.ArgumentList.Skip(1) : start.ArgumentList];

        var logger = loggers.CreateLogger($"Aspire.Resources.{Id}");
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Keep(logger, LogLevel.Information, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(logger, LogLevel.Error, line.Data);
        process.Exited += (_, _) => ended.TrySetResult(process.ExitCode);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        (_process, Ended) = (process, ended.Task);
    }

    /// <summary>SIGTERM, and after the grace period SIGKILL to the whole tree.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        if (_process is not { HasExited: false } process)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            process.Kill(entireProcessTree: true);
        }
        else
        {
            _ = Kill(process.Id, SigTerm);
        }

        try
        {
            await Ended.WaitAsync(grace, time);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            await Ended;
        }
    }

    private static bool Exists(string command) => Path.IsPathRooted(command)
        ? File.Exists(command)
        : (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, command)) || File.Exists(Path.Combine(directory, command + ".exe")));

    private void Keep(ILogger logger, LogLevel level, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > KeptLines)
            {
                _lastLines.Dequeue();
            }
        }

#pragma warning disable CA1848, CA2254 // A line of another process, as it is.
        logger.Log(level, "{Line}", line);
#pragma warning restore CA1848, CA2254
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
