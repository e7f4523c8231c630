using System.IO.Hashing;
using System.Text;
using AspireAgent.Contracts.Instances;

namespace AspireAgent.ServiceDefaults.Instances;

/// <summary>
/// Highest random weight (Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996): everybody who knows the
/// same instances chooses the same one, and where one goes only what it had moves.
/// </summary>
public static class Rendezvous
{
    /// <summary>The instance for a session; null: there is none.</summary>
    public static InstanceInfo? Choose(string session, IEnumerable<InstanceInfo> instances) =>
        instances.MaxBy(instance => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{session}/{instance.Name}")));
}
