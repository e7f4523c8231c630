using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>Makes a process drain before it ends, and on an operator's order.</summary>
public static class DrainingRegistration
{
    /// <summary>Registers the draining of an instance; <typeparamref name="TWork"/> does it.</summary>
    public static IServiceCollection AddDraining<TWork>(this IServiceCollection services)
        where TWork : class, IDrainWork
    {
        services.AddOptionsWithValidateOnStart<DrainOptions, DrainOptionsValidator>().BindConfiguration(DrainOptions.Section);
        services.TryAddSingleton<TWork>();
        services.AddSingleton<IDrainWork>(provider => provider.GetRequiredService<TWork>());
        services.AddSingleton<DrainOrders>().AddSingleton<Drainer>().AddSingleton<IHostLifetime, DrainingLifetime>()
            .AddHostedService(provider => provider.GetRequiredService<Drainer>());
        services.AddHealthChecks().AddCheck<Drainer>("draining");
        return services;
    }
}
