using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AspireAgent.Testing;

/// <summary>Which process of this machine is at the other end of a loopback connection, by Linux's <c>/proc</c>.</summary>
internal static class LocalPeer
{
    private const int LocalAddress = 1;
    private const int Inode = 9;

    /// <summary>Whether the process <paramref name="pid"/> holds the other end of <paramref name="accepted"/>.</summary>
    public static bool Is(Socket accepted, int pid)
    {
        // "   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000  0 123456 ..."
        var port = $":{((IPEndPoint)accepted.RemoteEndPoint!).Port.ToString("X4", CultureInfo.InvariantCulture)}";
        var inodes = new[] { "tcp", "tcp6" }
            .SelectMany(table => File.ReadLines($"/proc/{pid}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[LocalAddress].EndsWith(port, StringComparison.Ordinal))
            .Select(fields => $"socket:[{fields[Inode]}]").ToHashSet();
        return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(file => TryReadLink(file) is { } target && inodes.Contains(target));
    }

    private static string? TryReadLink(string file)
    {
        try
        {
            return new FileInfo(file).LinkTarget;
        }
        catch (IOException)
        {
            return null; // closed meanwhile
        }
    }
}
