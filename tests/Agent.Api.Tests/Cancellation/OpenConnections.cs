using System.Diagnostics.Metrics;
using System.Globalization;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>
/// Connections of this process to one port that carry a call now: what the runtime itself counts. Start it before the first of them.
/// </summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly int _port;
    private long _active;

    public OpenConnections(int port)
    {
        _port = port;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "System.Net.Http", Name: "http.client.open_connections" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, change, tags, _) => Count(change, tags));
        _listener.Start();
    }

    public long Active => Volatile.Read(ref _active);

    public void Dispose() => _listener.Dispose();

    private void Count(long change, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (isOurs, isActive) = (false, false);
        foreach (var (name, value) in tags)
        {
            isOurs |= name == "server.port" && Convert.ToInt32(value, CultureInfo.InvariantCulture) == _port;
            isActive |= name == "http.connection.state" && value is "active";
        }

        if (isOurs && isActive)
        {
            Interlocked.Add(ref _active, change);
        }
    }
}
