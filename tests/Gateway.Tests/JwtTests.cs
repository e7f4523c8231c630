using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Security.Cryptography;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspireAgent.Gateway.Tests;

/// <summary>A gateway as a process, with an OpenID Connect issuer of the test's own.</summary>
public sealed class JwtTests(RedisPair servers)
{
    private const string Audience = "agents";

    private readonly RsaSecurityKey _key = new(RSA.Create(2_048)) { KeyId = "k" };
    private readonly string _issuer = $"http://127.0.0.1:{LocalPort.Free()}";

    [Theory]
    [InlineData("demo", "operator", Audience, HttpStatusCode.OK)]
    [InlineData("demo", "user", Audience, HttpStatusCode.Forbidden)]
    [InlineData("demo", "service", Audience, HttpStatusCode.Unauthorized)]
    [InlineData("", "operator", Audience, HttpStatusCode.Unauthorized)]
    [InlineData("demo", "operator", "others", HttpStatusCode.Unauthorized)]
    public async Task Token_OfTheIssuer_IsTakenForWhatItClaims(string tenant, string role, string audience, HttpStatusCode status)
    {
        await using var issuer = await ServeAsync();
        await using var gateway = await ServiceProcess.StartAsync(
            "Gateway",
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["ConnectionStrings__redis"] = (await servers.GetAsync(RedisKind.Garnet)).ConnectionString,
                ["Access__Jwt__Authority"] = _issuer,
                ["Access__Jwt__Audience"] = Audience,
            },
            probe: "/alive");
        using var client = gateway.Client(null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(tenant, role, audience));

        using var response = await client.GetAsync("/v1/instances");

        Assert.Equal(status, response.StatusCode);
    }

    private string Token(string tenant, string role, string audience) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = _issuer,
        Audience = audience,
        Subject = new ClaimsIdentity([new Claim("sub", "ada"), new Claim("tenant", tenant), new Claim("role", role)]),
        Expires = DateTime.UtcNow.AddMinutes(5),
        SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.RsaSha256),
    });

    private async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(_issuer);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var parameters = _key.Rsa.ExportParameters(false);
        app.MapGet("/.well-known/openid-configuration", () => new { issuer = _issuer, jwks_uri = $"{_issuer}/keys" });
        app.MapGet("/keys", () => new
        {
            keys = new[]
            {
                new
                {
                    kty = "RSA",
                    use = "sig",
                    kid = _key.KeyId,
                    n = Base64UrlEncoder.Encode(parameters.Modulus!),
                    e = Base64UrlEncoder.Encode(parameters.Exponent!),
                },
            },
        });
        await app.StartAsync();
        return app;
    }
}
