using System.Reactive.Linq;
using AspireAgent.Contracts.Config;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Configuration;

/// <summary>Tells the registry which configuration this pod runs.</summary>
internal sealed class ConfigReporter(ISignal<ConfigLayers> signal, LocalInstance local) : IHostedService
{
    private IDisposable? _subscription;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = signal.Subscribe(value => local.ReportConfig(value.Revision), _ => { });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _subscription?.Dispose();
        return Task.CompletedTask;
    }
}
