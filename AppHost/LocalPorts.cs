using System.Net;
using System.Net.Sockets;

namespace AspireAgent.AppHost;

/// <summary>Ports of this machine.</summary>
internal static class LocalPorts
{
    private static readonly string[] DashboardUrls =
    [
        "ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL",
        "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL",
    ];

    /// <summary>Gives the dashboard free ports, where no launch profile and nobody else has given it any.</summary>
    public static void ChooseForDashboard()
    {
        foreach (var name in DashboardUrls)
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
            {
                Environment.SetEnvironmentVariable(name, $"http://localhost:{Free()}");
                Environment.SetEnvironmentVariable("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");
            }
        }
    }

    /// <summary>Whether nobody listens there on loopback.</summary>
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

    private static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
