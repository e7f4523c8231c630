using System.Net;
using System.Net.Sockets;

namespace AspireAgent.Testing;

/// <summary>What a <see cref="CuttingProxy"/> does with what it is given.</summary>
public enum ProxyMode
{
    /// <summary>All goes through.</summary>
    Forwards,

    /// <summary>What there was is cut, and who connects is refused.</summary>
    Refuses,

    /// <summary>Who connects may, but nothing comes through; it does when this ends, also from clients that have gone meanwhile.</summary>
    Pauses,

    /// <summary>Requests come through, and no reply comes back. When this ends, whoever lost one is cut.</summary>
    LosesReplies,
}

/// <summary>A port of this machine that forwards to another one, and breaks as a network does, when the test says so.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly EndPoint _target;
    private readonly HashSet<Link> _links = [];
    private readonly Socket _place = Bound(port: 0); // keeps the port from others while nobody listens
    private Socket? _listener;
    private volatile ProxyMode _mode;
    private TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private CuttingProxy(EndPoint target)
    {
        (_target, Port) = (target, ((IPEndPoint)_place.LocalEndPoint!).Port);
        _resumed.SetResult();
        Listen();
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Processes that are cut off as soon as they have connected; all others are served by <see cref="Mode"/>.</summary>
    public HashSet<int> CutsOff { get; } = [];

    /// <summary>Connections that are open now.</summary>
    public int Connections
    {
        get
        {
            lock (_lock)
            {
                return _links.Count;
            }
        }
    }

    /// <summary>Whether a client is connected that has lost a reply.</summary>
    public bool HasLostReplies
    {
        get
        {
            lock (_lock)
            {
                return _links.Any(link => link.HasLost);
            }
        }
    }

    /// <summary>What it does from now on.</summary>
    public ProxyMode Mode
    {
        get => _mode;
        set
        {
            lock (_lock)
            {
                var was = _mode;
                _mode = value;
                if (was is ProxyMode.Pauses && value is not ProxyMode.Pauses)
                {
                    _resumed.SetResult();
                }
                else if (was is not ProxyMode.Pauses && value is ProxyMode.Pauses)
                {
                    _resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                if (value is ProxyMode.Refuses)
                {
                    _listener?.Dispose();
                    _listener = null;
                    Cut();
                }
                else if (_listener is null)
                {
                    Listen();
                }

                if (value is not ProxyMode.LosesReplies)
                {
                    CutWhere(link => link.HasLost);
                }
            }
        }
    }

    /// <summary>Forwards to a port of this machine.</summary>
    public static CuttingProxy Start(int targetPort) => Start(new IPEndPoint(IPAddress.Loopback, targetPort));

    /// <summary>Forwards to <paramref name="target"/>.</summary>
    public static CuttingProxy Start(EndPoint target) => new(target);

    /// <summary>Resets every connection that there is; new ones may come.</summary>
    public void Cut() => CutWhere(_ => true);

    public ValueTask DisposeAsync()
    {
        Mode = ProxyMode.Refuses;
        _place.Dispose();
        return ValueTask.CompletedTask;
    }

    private void CutWhere(Func<Link, bool> which)
    {
        lock (_lock)
        {
            foreach (var link in _links.Where(which).ToList())
            {
                _links.Remove(link);
                link.Reset();
            }
        }
    }

    private void Listen()
    {
        _listener = Bound(Port);
        _listener.Listen();
        _ = AcceptAsync(_listener);
    }

    private static Socket Bound(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                _ = ForwardAsync(await listener.AcceptAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It refuses from now on.
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using var link = new Link(client, new Socket(SocketType.Stream, ProtocolType.Tcp));
        lock (_lock)
        {
            if (_mode is ProxyMode.Refuses) // and it was accepted just before
            {
                return;
            }

            if (CutsOff.Any(pid => LocalPeer.Is(client, pid)))
            {
                link.Reset();
                return;
            }

            _links.Add(link);
        }

        try
        {
            await link.Target.ConnectAsync(_target);
            var (up, down) = (PumpAsync(link, client, link.Target, isReply: false), PumpAsync(link, link.Target, client, isReply: true));
            await await Task.WhenAny(up, down); // an end that says goodbye may still be answered, one that breaks may not
            await Task.WhenAll(up, down);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            link.Reset();
        }
        finally
        {
            lock (_lock)
            {
                _links.Remove(link);
            }
        }
    }

    private async Task PumpAsync(Link link, Socket from, Socket to, bool isReply)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer) is > 0 and var count)
        {
            await Volatile.Read(ref _resumed).Task;
            if (isReply && _mode is ProxyMode.LosesReplies)
            {
                link.HasLost = true;
                continue;
            }

            if (link.HasLost && isReply)
            {
                return; // the mode ended this moment: half a stream of replies would be worse than none
            }

            for (var sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    /// <summary>A client's connection and ours to the target, which end together.</summary>
    private sealed class Link(Socket client, Socket target) : IDisposable
    {
        private volatile bool _hasLost;

        public Socket Target => target;

        public bool HasLost
        {
            get => _hasLost;
            set => _hasLost = value;
        }

        public void Reset()
        {
            client.Close(timeout: 0);
            target.Close(timeout: 0);
        }

        public void Dispose()
        {
            client.Dispose();
            target.Dispose();
        }
    }
}
