using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AspireAgent.ServiceDefaults.Trust;

/// <summary>Trust among the services: tokens out, tokens in.</summary>
public static class TrustRegistration
{
    /// <summary>Policy of admin and write surfaces.</summary>
    public const string OperatorPolicy = "operator";

    /// <summary>Policy of what services alone may call.</summary>
    public const string ServicePolicy = "service";

    private const string Scheme = "Internal";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(6); // a pod whose clock is off by five is still one of us

    /// <summary>Registers <see cref="TrustTokens"/>.</summary>
    public static IServiceCollection AddTrustTokens(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<TrustOptions, TrustOptionsValidator>().BindConfiguration(TrustOptions.Section);
        return services.AddSingleton<TrustTokens>().AddTransient<ServiceTokenHandler>();
    }

    /// <summary>Accepts internal tokens and nothing else; every endpoint needs one unless it says otherwise.</summary>
    public static IServiceCollection AddTrust(this IServiceCollection services)
    {
        services.AddTrustTokens();
        services.AddAuthentication(Scheme).AddJwtBearer(Scheme, options => options.MapInboundClaims = false);
        services.AddOptions<JwtBearerOptions>(Scheme).Configure<IOptions<TrustOptions>>((options, trust) =>
            options.TokenValidationParameters = new TokenValidationParameters
            {
                ValidIssuer = TrustTokens.Issuer,
                ValidAudience = TrustTokens.Audience,
                IssuerSigningKey = TrustTokens.KeyOf(trust.Value),
                ClockSkew = ClockSkew,
                NameClaimType = Caller.SubjectClaim,
                RoleClaimType = Caller.RoleClaim,
            });
        services.AddPolicies();
        return services;
    }

    /// <summary>The policies, for whatever scheme authenticates.</summary>
    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(OperatorPolicy, policy => policy.RequireRole(Caller.OperatorRole))
            .AddPolicy(ServicePolicy, policy => policy.RequireRole(Caller.ServiceRole, Caller.OperatorRole));
        return services;
    }
}
