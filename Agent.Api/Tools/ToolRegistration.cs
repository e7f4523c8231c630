using System.Reactive.Concurrency;
using System.Reactive.Linq;
using AspireAgent.Agent.Tools.BuiltIn;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Tools;

internal static class ToolRegistration
{
    /// <summary>The runner of tools and the built-in ones; more are added as <see cref="Tool"/>.</summary>
    /// <param name="services">The container.</param>
    /// <param name="live">The live configuration as the global layer has it: a pod's window over all its tools. Replays.</param>
    public static IServiceCollection AddTools(this IServiceCollection services, Func<IServiceProvider, IObservable<LiveKnobs>> live)
    {
        services.AddSingleton(provider => ClockTool.Create(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(CalculatorTool.Create());
        services.AddSingleton(provider => new ToolHealth(
            live(provider).Select(knobs => TimeSpan.FromSeconds(knobs.Guards.ToolErrorWindowSeconds)), provider.GetRequiredService<TimeProvider>()));
        return services.AddSingleton<ToolRegistry>().AddSingleton<ToolMetrics>().AddSingleton(provider => new ToolRunner(
            provider.GetRequiredService<ToolRegistry>(), provider.GetRequiredService<ToolHealth>(), provider.GetRequiredService<ToolMetrics>(),
            DefaultScheduler.Instance, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<ToolRunner>>()));
    }
}
