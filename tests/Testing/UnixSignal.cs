using System.Runtime.InteropServices;

namespace AspireAgent.Testing;

/// <summary>What <c>kill</c> sends. The numbers are Linux's.</summary>
public static class UnixSignal
{
    /// <summary>Ends a process without a word: SIGKILL.</summary>
    public static void Kill(int pid) => Send(pid, 9);

    /// <summary>Asks a process to end: SIGTERM.</summary>
    public static void Terminate(int pid) => Send(pid, 15);

    /// <summary>Freezes a process, sockets and all: SIGSTOP.</summary>
    public static void Freeze(int pid) => Send(pid, 19);

    /// <summary>Lets a frozen process go on: SIGCONT.</summary>
    public static void Thaw(int pid) => Send(pid, 18);

    private static void Send(int pid, int signal) => _ = KillNative(pid, signal);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int KillNative(int pid, int signal);
}
