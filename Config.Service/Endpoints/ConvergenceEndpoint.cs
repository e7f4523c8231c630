using AspireAgent.Config.Layers;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;

namespace AspireAgent.Config.Endpoints;

/// <summary><c>GET convergence</c>: which revision each agent pod runs, and whether it is the store's.</summary>
internal static class ConvergenceEndpoint
{
    public static void MapConvergence(this RouteGroupBuilder config) =>
        config.MapGet("/convergence", async (ConfigStore store, InstanceRegistry instances) =>
        {
            // The pods first: one that has a write which came in between is not ahead of the store.
            var agents = (await instances.ListAsync()).Where(instance => instance.Kind is InstanceKind.Agent).ToList();
            var revision = (await store.ReadAsync()).Revision;
            var pods = agents.Select(agent => new Pod(agent.Name, agent.ConfigRevision, agent.ConfigRevision == revision)).ToList();
            return TypedResults.Ok(new Report(revision, pods.TrueForAll(pod => pod.Converged), pods));
        });

    /// <param name="Revision">The store's.</param>
    /// <param name="Converged">Whether every pod runs it.</param>
    /// <param name="Pods">All agents of the registry.</param>
    internal sealed record Report(long Revision, bool Converged, IReadOnlyList<Pod> Pods);

    /// <param name="Name">The pod.</param>
    /// <param name="Revision">What it runs; null: it has not said.</param>
    /// <param name="Converged">Whether that is the store's.</param>
    internal sealed record Pod(string Name, long? Revision, bool Converged);
}
