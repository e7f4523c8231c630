using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Run;

/// <summary>Loopback ports. A resource's are chosen before anything starts, and kept over restarts.</summary>
internal static class Ports
{
    public static void Allocate(IResource resource, int replicas)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            var wanted = endpoint.Port ?? endpoint.TargetPort;
            if (wanted is { } port && !IsFree(port))
            {
                throw new DistributedApplicationException(
                    $"Port {port}, wanted by '{resource.Name}', is in use. Free it or give another.");
            }

            endpoint.Allocated = [.. Enumerable.Range(0, replicas).Select(i => i == 0 && wanted is { } first ? first : Free())];
        }
    }

    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
