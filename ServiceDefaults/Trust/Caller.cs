using System.Security.Claims;

namespace AspireAgent.ServiceDefaults.Trust;

/// <summary>Who calls, as the gateway found out; the same on the outside and on the inside.</summary>
/// <param name="Subject">The user or service.</param>
/// <param name="Tenant">Whose data it sees.</param>
/// <param name="Tier">Service class, such as <c>standard</c> or <c>vip</c>.</param>
/// <param name="Role"><c>user</c>, <c>operator</c> or, among services, <c>service</c>.</param>
/// <param name="Session">On the inside: the one session the call is about.</param>
/// <param name="Group">Whose layer of the configuration holds, such as <c>vip</c>.</param>
/// <param name="EndUser">The person at the other end, where it is known: the same one stays in the same cohort.</param>
public sealed record Caller(
    string Subject, string Tenant, string Tier, string Role, string? Session = null, string? Group = null, string? EndUser = null)
{
    public const string UserRole = "user";
    public const string OperatorRole = "operator";
    public const string ServiceRole = "service";
    public const string VipTier = "vip";
    public const string StandardTier = "standard";

    public const string SubjectClaim = "sub";
    public const string TenantClaim = "tenant";
    public const string TierClaim = "tier";
    public const string RoleClaim = "role";
    public const string SessionClaim = "session";
    public const string GroupClaim = "group";
    public const string EndUserClaim = "end_user";

    /// <summary>The caller of an authenticated request.</summary>
    public static Caller Of(ClaimsPrincipal user) => new(
        user.FindFirstValue(SubjectClaim) ?? "",
        user.FindFirstValue(TenantClaim) ?? "",
        user.FindFirstValue(TierClaim) ?? StandardTier,
        user.FindFirstValue(RoleClaim) ?? UserRole,
        user.FindFirstValue(SessionClaim),
        user.FindFirstValue(GroupClaim),
        user.FindFirstValue(EndUserClaim));

    /// <summary>As claims; <see cref="Of"/> reads them back.</summary>
    public IEnumerable<Claim> ToClaims()
    {
        yield return new Claim(SubjectClaim, Subject);
        yield return new Claim(TenantClaim, Tenant);
        yield return new Claim(TierClaim, Tier);
        yield return new Claim(RoleClaim, Role);
        if (Session is not null)
        {
            yield return new Claim(SessionClaim, Session);
        }

        if (Group is not null)
        {
            yield return new Claim(GroupClaim, Group);
        }

        if (EndUser is not null)
        {
            yield return new Claim(EndUserClaim, EndUser);
        }
    }
}
