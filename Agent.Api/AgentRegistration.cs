using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.Draining;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals;
using AspireAgent.Signals.Subscribing;
using AspireAgent.Streams;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Agent;

internal static class AgentRegistration
{
    public static IServiceCollection AddAgent(this IServiceCollection services)
    {
        services.AddTrust();
        services.AddInstance(InstanceKind.Agent, provider => () => provider.GetRequiredService<SessionHost>().Count);
        services.AddSingleton<SubscriptionCount>().AddSingleton(CreateMetrics);

        services.AddHttpClient(SignalClient<ConfigLayers>.HttpClientName).AddHttpMessageHandler<ServiceTokenHandler>().AsStreaming();
        services.AddSignal(ConfigKeys.Signal, new Uri("http://config/v1/config/signal"), WireJson.Tolerant.ConfigLayers, SignalFallback.Disk);
        services.AddSignal("budget", new Uri("http://budget/v1/budget/signal"), WireJson.Tolerant.BudgetStatus, SignalFallback.Snapshot);
        services.AddSignal("chaos", new Uri("http://chaos/v1/chaos/signal"), WireJson.Tolerant.ChaosStatus, SignalFallback.None);
        services.AddSingleton(provider => new TenantLayers(
            provider.GetRequiredService<IConnectionMultiplexer>(), DefaultScheduler.Instance, provider.GetRequiredService<ILogger<TenantLayers>>()));
        services.AddSingleton<ConfigSignals>().AddHostedService<ConfigReporter>();

        services.AddModels();
        services.AddTools(provider => provider.GetRequiredService<ConfigSignals>().Global.Select(config => config.Live));

        services.AddAdmission(provider => provider.GetRequiredService<ConfigSignals>().Global.Select(config => config.Live));

        services.AddOptionsWithValidateOnStart<SessionLifetimeOptions, SessionLifetimeOptionsValidator>().BindConfiguration(SessionLifetimeOptions.Section);
        services.AddSingleton<TokenCounter>().AddSingleton<TurnPipeline>();
        services.AddSingleton<SessionLog>().AddSingleton<BusySessions>().AddSingleton<SessionServices>().AddSingleton<SessionHost>()
            .AddHostedService<SessionIdle>().AddHostedService<BusySweeper>();
        return services.AddDraining<SessionEvacuation>();
    }

    private static AgentMetrics CreateMetrics(IServiceProvider provider) =>
        new(provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), provider.GetRequiredService<SubscriptionCount>())
        {
            Sessions = () => provider.GetRequiredService<SessionHost>().Count,
        };
}
