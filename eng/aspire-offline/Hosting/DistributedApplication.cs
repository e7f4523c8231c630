using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

public class DistributedApplication(IHost host) : IHost, IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();

    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) =>
        CreateBuilder(new DistributedApplicationOptions { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) =>
        new DistributedApplicationBuilder(options);

    public void Run() => host.Run();

    public virtual Task RunAsync(CancellationToken cancellationToken = default) => host.RunAsync(cancellationToken);

    public virtual Task StartAsync(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);

    public virtual Task StopAsync(CancellationToken cancellationToken = default) => host.StopAsync(cancellationToken);

    public virtual void Dispose()
    {
        host.Dispose();
        GC.SuppressFinalize(this);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        GC.SuppressFinalize(this);
    }
}
