using System.Net;
using AspireAgent.ServiceDefaults.Egress;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Tests.Egress;

/// <summary>Which addresses may be connected to.</summary>
public class EgressAddressTests
{
    [Theory]
    [InlineData("1.1.1.1", null)]
    [InlineData("8.8.8.8", null)]
    [InlineData("172.15.255.255", null)]
    [InlineData("172.32.0.0", null)]
    [InlineData("100.63.255.255", null)]
    [InlineData("100.128.0.0", null)]
    [InlineData("169.253.255.255", null)]
    [InlineData("223.255.255.255", null)]
    [InlineData("2606:4700:4700::1111", null)]
    [InlineData("2a00:1450:4001:81b::200e", null)]
    [InlineData("::ffff:1.1.1.1", null)]
    [InlineData("64:ff9b::1.1.1.1", null)]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("::1", "loopback")]
    [InlineData("::ffff:127.0.0.1", "loopback")]
    [InlineData("64:ff9b::127.0.0.1", "loopback")]
    [InlineData("10.0.0.1", "private")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("::ffff:10.0.0.1", "private")]
    [InlineData("64:ff9b::192.168.1.1", "private")]
    [InlineData("fc00::1", "private")]
    [InlineData("fd12:3456::1", "private")]
    [InlineData("100.64.0.1", "shared")]
    [InlineData("100.127.255.255", "shared")]
    [InlineData("169.254.1.1", "link-local")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%2", "link-local")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("::ffff:169.254.169.254", "metadata")]
    [InlineData("64:ff9b::169.254.169.254", "metadata")]
    [InlineData("168.63.129.16", "metadata")]
    [InlineData("100.100.100.200", "metadata")]
    [InlineData("fd00:ec2::254", "metadata")]
    [InlineData("fd20:ce::254", "metadata")]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("0.1.2.3", "unspecified")]
    [InlineData("::", "unspecified")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("192.0.0.192", "reserved")]
    [InlineData("192.0.2.1", "reserved")]
    [InlineData("198.18.0.1", "reserved")]
    [InlineData("198.51.100.1", "reserved")]
    [InlineData("203.0.113.1", "reserved")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "reserved")]
    [InlineData("::7f00:1", "reserved")] // IPv4-compatible, of old
    [InlineData("::ffff:0:7f00:1", "reserved")] // IPv4-translated
    [InlineData("64:ff9b:1::a00:1", "reserved")] // NAT64 of a network's own
    [InlineData("fec0::1", "reserved")]
    [InlineData("100::1", "reserved")]
    [InlineData("2001::1", "reserved")] // Teredo
    [InlineData("2001:db8::1", "reserved")]
    [InlineData("2002:a00:1::1", "reserved")] // 6to4 of 10.0.0.1
    [InlineData("3fff::1", "reserved")]
    public void Address_Unlisted_IsRefusedUnlessPublic(string address, string? rule) =>
        Assert.Equal(rule, Connector([]).RuleAgainst(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.1.2.3", "10.1.0.0/16", null)]
    [InlineData("::ffff:10.1.2.3", "10.1.0.0/16", null)]
    [InlineData("64:ff9b::10.1.2.3", "10.1.0.0/16", null)]
    [InlineData("10.2.0.1", "10.1.0.0/16", "private")]
    [InlineData("fd12::1", "fd12::/16", null)]
    [InlineData("127.0.0.1", "127.0.0.1/32", null)]
    [InlineData("169.254.169.254", "169.254.0.0/16", "metadata")]
    [InlineData("169.254.169.254", "0.0.0.0/0", "metadata")]
    [InlineData("fd00:ec2::254", "fd00::/8", "metadata")]
    [InlineData("169.254.169.254", "169.254.169.254/32", null)]
    [InlineData("fd00:ec2::254", "fd00:ec2::254/128", null)]
    public void Address_Listed_Passes(string address, string network, string? rule) =>
        Assert.Equal(rule, Connector([network]).RuleAgainst(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1", null)]
    [InlineData("::1", null)]
    [InlineData("10.0.0.1", "private")]
    [InlineData("169.254.169.254", "metadata")]
    public void Address_InDevelopment_MayBeLoopback(string address, string? rule) =>
        Assert.Equal(rule, Connector([], Environments.Development).RuleAgainst(IPAddress.Parse(address)));

    private static EgressConnector Connector(IList<string> networks, string environment = "Production") => new(
        Options.Create(new EgressOptions { Networks = networks }), new Place { EnvironmentName = environment }, NullLogger<EgressConnector>.Instance);

    private sealed class Place : IHostEnvironment
    {
        public required string EnvironmentName { get; set; }

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
