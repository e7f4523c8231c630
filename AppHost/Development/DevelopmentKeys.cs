using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.AppHost.Development;

/// <summary>API keys for a developer's machine: made at each start, or given as Keys:{name}. The gateway gets their hashes.</summary>
internal sealed class DevelopmentKeys(IReadOnlyDictionary<string, string> keys)
{
    private static readonly (string Name, string Tenant, string Tier, string Role, string Group)[] Kinds =
    [
        ("user", "demo", "standard", "user", ""),
        ("vip", "demo", "vip", "user", "vip"),
        ("operator", "demo", "standard", "operator", ""),
        ("other", "other", "standard", "user", ""),
    ];

    /// <summary>Plain keys by name.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; } = keys;

    public static DevelopmentKeys Make(IConfiguration configuration) => new(Kinds.ToDictionary(
        kind => kind.Name,
        kind => configuration[$"Keys:{kind.Name}"] ?? $"dev-{kind.Name}-{RandomNumberGenerator.GetHexString(32, lowercase: true)}"));

    public void Describe(IResourceBuilder<ProjectResource> gateway)
    {
        foreach (var (name, tenant, tier, role, group) in Kinds)
        {
            var prefix = $"Access__Keys__{name}__";
            gateway
                .WithEnvironment(prefix + "Sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Keys[name]))))
                .WithEnvironment(prefix + "Tenant", tenant)
                .WithEnvironment(prefix + "Tier", tier)
                .WithEnvironment(prefix + "Role", role)
                .WithEnvironment(prefix + "Group", group);
        }
    }
}

internal static class DevelopmentKeyExtensions
{
    /// <summary>In Development, lets the gateway know the development keys; elsewhere keys are configured.</summary>
    public static IResourceBuilder<ProjectResource> WithDevelopmentKeys(
        this IResourceBuilder<ProjectResource> gateway, IDistributedApplicationBuilder builder)
    {
        if (builder.Environment.IsDevelopment() && builder.ExecutionContext.IsRunMode)
        {
            var keys = DevelopmentKeys.Make(builder.Configuration);
            builder.Services.AddSingleton(keys);
            keys.Describe(gateway);
        }

        return gateway;
    }
}
