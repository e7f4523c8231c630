using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using AspireAgent.Contracts.Instances;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>This process as the registry shows it.</summary>
public sealed class LocalInstance(InstanceKind kind, Func<int> load, IOptions<InstanceOptions> options, IServer server)
{
    private const int RandomCharacters = 8;

    private long _configRevision;
    private volatile DrainStatus? _drain;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The code's version, as in <c>0.1.0+4f2a1c9</c>.</summary>
    public static string Build { get; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Unique per process.</summary>
    public string Name { get; } = options.Value.Name.Length > 0
        ? options.Value.Name
        : $"{(kind is InstanceKind.Agent ? "agent" : "gateway")}-{RandomNumberGenerator.GetHexString(RandomCharacters, lowercase: true)}";

    /// <summary>What it is.</summary>
    public InstanceKind Kind => kind;

    /// <summary>The drain that it is in; null: it takes new work.</summary>
    public DrainStatus? Drain => _drain;

    /// <summary>Whether it takes no new work.</summary>
    public bool IsDraining => _drain is not null;

    /// <summary>Live sessions (an agent's) or open streams (a gateway's).</summary>
    public int Sessions => load();

    /// <summary>As of now; null before the server listens.</summary>
    public InstanceInfo? Describe()
    {
        var drain = _drain;
        return Address() is { } address
            ? new InstanceInfo(
                Name, kind, new Uri(address).GetLeftPart(UriPartial.Authority), Environment.ProcessId, drain is null ? InstanceState.Ready : InstanceState.Draining, load(), Build,
                Volatile.Read(ref _configRevision) is > 0 and var revision ? revision : null, drain)
            : null;
    }

    /// <summary>Completes when the registry should hear of us.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>This process runs that configuration from now on; the registry hears of it at once.</summary>
    public void ReportConfig(long revision)
    {
        Volatile.Write(ref _configRevision, revision);
        Tell();
    }

    /// <summary>This process drains from now on, or with null takes new work again; the registry hears of it at once.</summary>
    public void ReportDrain(DrainStatus? drain)
    {
        _drain = drain;
        Tell();
    }

    /// <summary>Has the registry written now.</summary>
    internal void Tell() =>
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private string? Address()
    {
        if (options.Value.AdvertisedAddress.Length > 0)
        {
            return options.Value.AdvertisedAddress;
        }

        var bound = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return bound is null
            ? null
            : bound.Replace("[::]", Dns.GetHostName(), StringComparison.Ordinal).Replace("0.0.0.0", Dns.GetHostName(), StringComparison.Ordinal);
    }
}
