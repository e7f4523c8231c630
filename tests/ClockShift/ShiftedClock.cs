using System.Globalization;
using AspireAgent.ClockShift;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

[assembly: HostingStartup(typeof(ShiftedClock))]

namespace AspireAgent.ClockShift;

/// <summary>
/// Gives a service whose program knows nothing of it a wall clock that is wrong. Loaded by the environment alone: <c>DOTNET_STARTUP_HOOKS</c>
/// and <c>ASPNETCORE_HOSTINGSTARTUPASSEMBLIES</c>.
/// </summary>
public sealed class ShiftedClock : IHostingStartup
{
    /// <summary>By how much, a time span such as <c>00:05:00</c>.</summary>
    public const string Variable = "CLOCK_SHIFT";

    /// <inheritdoc />
    public void Configure(IWebHostBuilder builder) => builder.ConfigureServices(services => services.AddSingleton<TimeProvider>(
        new Shifted(TimeSpan.Parse(Environment.GetEnvironmentVariable(Variable)!, CultureInfo.InvariantCulture))));

    private sealed class Shifted(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
