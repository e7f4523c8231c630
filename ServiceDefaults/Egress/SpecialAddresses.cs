using System.Net;
using System.Net.Sockets;

namespace AspireAgent.ServiceDefaults.Egress;

/// <summary>Addresses that are not of the public internet (IANA's special-purpose registries, RFC 6890), by kind.</summary>
internal static class SpecialAddresses
{
    public const string Loopback = "loopback";
    public const string Metadata = "metadata";

    private const string LinkLocal = "link-local";
    private const string Multicast = "multicast";
    private const string Private = "private";
    private const string Reserved = "reserved";
    private const string Shared = "shared";
    private const string Unspecified = "unspecified";

    private const int V4Bytes = 4;

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    /// <summary>NAT64 (RFC 6052): where there is no IPv4, public and private addresses alike appear behind this prefix.</summary>
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    // The first that matches says it. The metadata services of AWS, Azure, Google and Alibaba hide in other ranges, Azure's in a public one.
    private static readonly (IPNetwork Network, string Kind)[] Kinds =
    [
        .. Of(Metadata, "169.254.169.254/32", "168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128", "fd20:ce::254/128"),
        .. Of(Unspecified, "0.0.0.0/8", "::/128"),
        .. Of(Loopback, "127.0.0.0/8", "::1/128"),
        .. Of(Private, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        .. Of(Shared, "100.64.0.0/10"),
        .. Of(LinkLocal, "169.254.0.0/16", "fe80::/10"),
        .. Of(Multicast, "224.0.0.0/4", "ff00::/8"),
        .. Of(Reserved, "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
        .. Of(Reserved, "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    ];

    /// <summary>What kind of address it is; null: a public one.</summary>
    /// <param name="address">As <see cref="Unwrap"/> left it.</param>
    public static string? KindOf(IPAddress address)
    {
        foreach (var (network, kind) in Kinds)
        {
            if (network.Contains(address))
            {
                return kind;
            }
        }

        return address.AddressFamily is AddressFamily.InterNetwork || PublicV6.Contains(address) ? null : Reserved;
    }

    /// <summary>The IPv4 address that an IPv6 one carries (mapped, or behind NAT64), else the address itself.</summary>
    public static IPAddress Unwrap(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : Translated.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan()[^V4Bytes..])
        : address;

    private static IEnumerable<(IPNetwork, string)> Of(string kind, params string[] networks) =>
        networks.Select(network => (IPNetwork.Parse(network), kind));
}
