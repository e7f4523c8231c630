using System.Security.Claims;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspireAgent.ServiceDefaults.Trust;

/// <summary>Makes the tokens by which the services know each other: JWTs (RFC 7519), HMAC-SHA256, good for a minute.</summary>
public sealed class TrustTokens(IOptions<TrustOptions> options, TimeProvider time)
{
    internal const string Issuer = "aspireagent";
    internal const string Audience = "aspireagent-internal";

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    private readonly SigningCredentials _credentials = new(KeyOf(options.Value), SecurityAlgorithms.HmacSha256);

    /// <summary>A token that speaks for <paramref name="caller"/>.</summary>
    public string Mint(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var now = time.GetUtcNow();
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Subject = new ClaimsIdentity(caller.ToClaims()),
            IssuedAt = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            SigningCredentials = _credentials,
        });
    }

    internal static SymmetricSecurityKey KeyOf(TrustOptions options) => new(Encoding.UTF8.GetBytes(options.Key));
}
