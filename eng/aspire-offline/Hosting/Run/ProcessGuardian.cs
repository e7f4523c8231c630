using System.Diagnostics;

namespace Aspire.Hosting.Run;

/// <summary>
/// Outlives a crash of the AppHost: a shell that reads process ids from a pipe and, when the pipe breaks without the word
/// "done", ends those processes.
/// </summary>
internal sealed class ProcessGuardian : IDisposable
{
    private const string Script = """
        trap '' INT TERM
        pids=
        while read -r line; do [ "$line" = done ] && exit 0; pids="$pids $line"; done
        kill -TERM $pids; sleep 5; kill -KILL $pids
        """;

    private readonly Process? _shell = OperatingSystem.IsWindows() ? null : Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script])
    {
        RedirectStandardInput = true,
        RedirectStandardError = true,
    });

    public void Watch(int pid) => Write(pid.ToString());

    public void Release() => Write("done");

    public void Dispose() => _shell?.Dispose();

    private void Write(string line)
    {
        if (_shell is not { HasExited: false })
        {
            return;
        }

        lock (_shell)
        {
            _shell.StandardInput.WriteLine(line);
            _shell.StandardInput.Flush();
        }
    }
}
