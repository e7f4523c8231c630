using System.Net;
using System.Net.Http.Headers;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.ServiceDefaults.Tests;

/// <summary>Tokens as made here, at a real service.</summary>
public class TrustTests(RedisPair servers)
{
    private const string Key = "a trust key for tests, and for tests alone";
    private static readonly Caller Operator = new("somebody", "demo", Caller.StandardTier, Caller.OperatorRole);

    [Fact]
    public async Task Token_FreshOldOrForged_OnlyTheFreshIsTaken()
    {
        var redis = await servers.GetAsync(RedisKind.Garnet);
        await using var service = await ServiceProcess.StartAsync("Config.Service", new Dictionary<string, string>
        {
            ["ConnectionStrings__redis"] = redis.ConnectionString,
        });

        Assert.Equal(HttpStatusCode.OK, await CallAsync(service, Token(Key, DateTimeOffset.UtcNow)));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(service, Token(Key, DateTimeOffset.UtcNow.AddMinutes(-9))));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(service, Token("another key, of another deployment altogether", DateTimeOffset.UtcNow)));
    }

    [Fact]
    public void Caller_AsClaims_ComesBackTheSame()
    {
        var caller = Operator with { Session = "01M83D42NGE36RDNFRZF1DMNFA" };
        Assert.Equal(caller, Caller.Of(new(new System.Security.Claims.ClaimsIdentity(caller.ToClaims()))));
    }

    private static string Token(string key, DateTimeOffset at) =>
        new TrustTokens(Options.Create(new TrustOptions { Key = key }), new FakeTimeProvider(at)).Mint(Operator);

    private static async Task<HttpStatusCode> CallAsync(ServiceProcess service, string token)
    {
        using var client = service.Client(null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.GetAsync("/v1/config/layers/global");
        return response.StatusCode;
    }
}
