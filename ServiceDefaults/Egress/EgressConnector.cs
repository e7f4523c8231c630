using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Egress;

/// <summary>
/// Makes the connections that <see cref="EgressOptions"/> allow. A name is resolved once and the address that was judged is the one
/// that is connected to, so that a name which resolves to something else a moment later (DNS rebinding) gains nothing.
/// </summary>
internal sealed partial class EgressConnector(IOptions<EgressOptions> options, IHostEnvironment environment, ILogger<EgressConnector> logger)
{
    private readonly EgressOptions _options = options.Value;
    private readonly IPNetwork[] _networks = [.. options.Value.Networks.Select(IPNetwork.Parse)];

    /// <summary>Asks for a name's addresses.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>A <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="EgressRefusedException">The name, or each of its addresses, is refused.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await AllowedAsync(context.DnsEndPoint.Host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What forbids that address; null: nothing.</summary>
    public string? RuleAgainst(IPAddress address)
    {
        var inner = SpecialAddresses.Unwrap(address);
        var kind = SpecialAddresses.KindOf(inner);
        return kind is null || (kind == SpecialAddresses.Loopback && environment.IsDevelopment()) || IsListed(address, kind) || IsListed(inner, kind)
            ? null
            : kind;
    }

    private async Task<IPAddress[]> AllowedAsync(string host, CancellationToken cancellationToken)
    {
        if (!_options.Lists(host))
        {
            throw Refusal(host, EgressRefusedException.NotListed);
        }

        var addresses = await Resolve(host, cancellationToken);
        IPAddress[] allowed = [.. addresses.Where(address => RuleAgainst(address) is null)];
        return allowed.Length == 0 && addresses.Length > 0 ? throw Refusal(host, RuleAgainst(addresses[0])!) : allowed;
    }

    // A broad range is not meant to open the door to a machine's credentials.
    private bool IsListed(IPAddress address, string kind) => _networks.Any(network =>
        network.Contains(address) && (kind != SpecialAddresses.Metadata || network.PrefixLength == address.GetAddressBytes().Length * 8));

    private EgressRefusedException Refusal(string host, string rule)
    {
        LogRefused(host, rule);
        return new EgressRefusedException(host, rule);
    }

    [LoggerMessage(LogLevel.Warning, "Egress to {Host} is refused: {Rule}.")]
    private partial void LogRefused(string host, string rule);
}
