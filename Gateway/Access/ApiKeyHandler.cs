using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Access;

/// <summary>Authenticates <c>Authorization: Bearer KEY</c> by the key's hash.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeys keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Bearer.TokenOf(Request) is not { } token)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (keys.Find(token) is not { } caller)
        {
            return Task.FromResult(AuthenticateResult.Fail("The key is not known."));
        }

        var identity = new ClaimsIdentity(caller.ToClaims(), Scheme.Name, Caller.SubjectClaim, Caller.RoleClaim);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return base.HandleChallengeAsync(properties);
    }
}

/// <summary>The keys of the configuration; looked up by hash, so that no comparison tells how much of a key is right.</summary>
internal sealed class ApiKeys(IOptions<AccessOptions> options)
{
    private readonly Dictionary<string, Caller> _byHash = options.Value.Keys.ToDictionary(
        key => key.Value.Sha256.ToLowerInvariant(),
        key => new Caller(
            key.Key, key.Value.Tenant, key.Value.Tier, key.Value.Role, Group: key.Value.Group is { Length: > 0 } group ? group : null));

    public Caller? Find(string key) =>
        _byHash.GetValueOrDefault(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));
}

internal static class Bearer
{
    private const string Prefix = "Bearer ";

    public static string? TokenOf(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } header && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? header[Prefix.Length..].Trim()
            : null;
}
