using System.Security.Claims;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;

namespace AspireAgent.Gateway.Access;

internal static class AccessRegistration
{
    private const string EitherScheme = "Either";
    private const string KeyScheme = "ApiKey";
    private const string JwtScheme = "Jwt";

    /// <summary>Authentication of callers: an API key, or a JWT where an issuer is configured.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<AccessOptions, AccessOptionsValidator>().BindConfiguration(AccessOptions.Section);
        services.AddSingleton<ApiKeys>().AddSingleton<StreamLimit>();
        services.AddAuthentication(EitherScheme)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(KeyScheme, null)
            .AddJwtBearer(JwtScheme, jwt => jwt.MapInboundClaims = false)
            .AddPolicyScheme(EitherScheme, null, options => options.ForwardDefaultSelector = Choose);
        services.AddOptions<JwtBearerOptions>(JwtScheme).Configure<IOptions<AccessOptions>, IHostEnvironment>((jwt, access, environment) =>
        {
            jwt.RequireHttpsMetadata = !environment.IsDevelopment();
            jwt.Authority = access.Value.Jwt.Authority.Length > 0 ? access.Value.Jwt.Authority : null;
            jwt.Audience = access.Value.Jwt.Audience;
            jwt.TokenValidationParameters.NameClaimType = Caller.SubjectClaim;
            jwt.TokenValidationParameters.RoleClaimType = Caller.RoleClaim;
            jwt.Events = new JwtBearerEvents { OnTokenValidated = RequireTenantAndRole };
        });
        return services.AddPolicies().AddTrustTokens();
    }

    // Without a tenant all such callers would be one; and nobody outside is a service.
    private static Task RequireTenantAndRole(TokenValidatedContext context)
    {
        if (context.Principal is not { } user
            || Caller.Of(user) is not { Tenant.Length: > 0, Role: Caller.UserRole or Caller.OperatorRole } caller)
        {
            context.Fail("The token needs a tenant, and a role that is user or operator.");
        }
        else if (caller is { EndUser: null, Subject.Length: > 0 })
        {
            user.AddIdentity(new ClaimsIdentity([new Claim(Caller.EndUserClaim, caller.Subject)])); // a key stands for an application, a token for a person
        }

        return Task.CompletedTask;
    }

    // A JWT has three parts between dots (RFC 7519); our keys have none.
    private static string Choose(HttpContext context)
    {
        var access = context.RequestServices.GetRequiredService<IOptions<AccessOptions>>().Value;
        return access.Jwt.Authority.Length > 0 && Bearer.TokenOf(context.Request)?.Count(c => c == '.') == 2 ? JwtScheme : KeyScheme;
    }
}
