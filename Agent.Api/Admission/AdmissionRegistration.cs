using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Admission;

internal static class AdmissionRegistration
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Leases of the budget, and the loop that gets them and tells what was used.</summary>
    /// <param name="services">The container.</param>
    /// <param name="live">The live configuration as the global layer has it. Replays.</param>
    public static IServiceCollection AddAdmission(this IServiceCollection services, Func<IServiceProvider, IObservable<LiveKnobs>> live)
    {
        services.AddOptionsWithValidateOnStart<AdmissionOptions, AdmissionOptionsValidator>().BindConfiguration(AdmissionOptions.Section);
        services.AddHttpClient(BudgetSyncClient.HttpClientName, client => client.BaseAddress = new Uri("http://budget"))
            .AddHttpMessageHandler<ServiceTokenHandler>().AsStreaming(ConnectTimeout);
        services.AddSingleton<SyncBell>().AddSingleton<ProducedTokens>().AddSingleton<OutputEstimator>().AddSingleton<AdmissionMetrics>()
            .AddSingleton<BudgetSyncClient>();
        services.AddSingleton(provider => new VipAllowance(live(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new BudgetLeases(
            provider.GetRequiredService<VipAllowance>(), provider.GetRequiredService<SyncBell>(), provider.GetRequiredService<IOptions<AdmissionOptions>>(),
            provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble, provider.GetRequiredService<AdmissionMetrics>()));
        services.AddSingleton<ITurnBudget>(provider => provider.GetRequiredService<BudgetLeases>());
        services.AddSingleton(provider => new BudgetSyncLoop(
            provider.GetRequiredService<LocalInstance>().Name, provider.GetRequiredService<BudgetLeases>(), provider.GetRequiredService<ProducedTokens>(),
            provider.GetRequiredService<ISignal<BudgetStatus>>(), provider.GetRequiredService<BudgetSyncClient>(), provider.GetRequiredService<SyncBell>(),
            provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble, provider.GetRequiredService<AdmissionMetrics>(),
            provider.GetRequiredService<ILogger<BudgetSyncLoop>>()));
        services.AddSingleton(provider => new TurnAdmission(
            provider.GetRequiredService<ITurnBudget>(), provider.GetRequiredService<OutputEstimator>(), provider.GetRequiredService<ProducedTokens>(),
            provider.GetRequiredService<BudgetSyncLoop>().Report, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<AdmissionMetrics>()));
        return services.AddHostedService(provider => provider.GetRequiredService<BudgetSyncLoop>());
    }
}
