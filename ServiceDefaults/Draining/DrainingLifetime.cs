using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>Ends the process on SIGTERM, SIGINT or SIGQUIT, but only after it has drained; a second signal ends it at once.</summary>
internal sealed class DrainingLifetime(Drainer drainer) : IHostLifetime, IDisposable
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT];

    private PosixSignalRegistration[] _registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal, End))];
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void End(PosixSignalContext context)
    {
        context.Cancel = true; // the process ends by itself
        _ = Task.Run(drainer.TerminateAsync);
    }
}
