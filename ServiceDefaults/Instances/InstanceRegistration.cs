using AspireAgent.Contracts.Instances;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>Puts a process into the registry of instances.</summary>
public static class InstanceRegistration
{
    /// <summary>Registers the registry and this process in it; <paramref name="load"/> counts its live sessions.</summary>
    public static IServiceCollection AddInstance(
        this IServiceCollection services, InstanceKind kind, Func<IServiceProvider, Func<int>> load)
    {
        services.AddOptionsWithValidateOnStart<InstanceOptions, InstanceOptionsValidator>().BindConfiguration(InstanceOptions.Section);
        return services
            .AddSingleton<InstanceRegistry>()
            .AddSingleton(provider => new LocalInstance(
                kind, load(provider), provider.GetRequiredService<IOptions<InstanceOptions>>(), provider.GetRequiredService<IServer>()))
            .AddHostedService<InstanceHeartbeat>();
    }
}
