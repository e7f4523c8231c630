using System.Security.Cryptography;
using System.Text;
using AspireAgent.Gateway.Access;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Tests;

public class AccessTests
{
    private static string Hash(string key) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void Keys_Known_StandForTheirCaller()
    {
        var keys = new ApiKeys(Options.Create(new AccessOptions
        {
            Keys = { ["ada"] = new ApiKeyOptions { Sha256 = Hash("secret"), Tenant = "demo", Tier = "vip", Role = "user" } },
        }));

        var caller = keys.Find("secret")!;

        Assert.Equal(("ada", "demo", "vip", "user"), (caller.Subject, caller.Tenant, caller.Tier, caller.Role));
        Assert.Null(keys.Find("secret "));
        Assert.Null(keys.Find(Hash("secret")));
    }

    [Theory]
    [InlineData("short", "demo", "user")]
    [InlineData("", "demo", "user")]
    [InlineData(null, "", "user")]
    [InlineData(null, "demo", "root")]
    public void Options_BadKey_AreRefusedByName(string? hash, string tenant, string role)
    {
        var options = new AccessOptions { Keys = { ["ada"] = new ApiKeyOptions { Sha256 = hash ?? Hash("x"), Tenant = tenant, Role = role } } };

        var result = new AccessOptionsValidator().Validate(null, options);

        Assert.True(result.Failed);
        Assert.Contains("Access:Keys:ada", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void StreamLimit_OneTenantFull_OthersEnterAndPlacesComeBack()
    {
        var limit = new StreamLimit(Options.Create(new AccessOptions { MaxStreamsPerTenant = 2 }));
        var first = limit.Enter("a");
        using var second = limit.Enter("a");

        Assert.Null(limit.Enter("a"));
        using var other = limit.Enter("b");
        Assert.NotNull(other);
        Assert.Equal(3, limit.Total);

        first!.Dispose();
        first.Dispose();
        Assert.Equal(2, limit.Total);
        Assert.NotNull(limit.Enter("a"));
    }
}
