using AspireAgent.Agent.Models.Calls;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>No route of a plan could answer. The message names each with its failure.</summary>
internal sealed class PlanExhaustedException(IReadOnlyList<CallException> failures)
    : Exception($"No route could answer ({string.Join("; ", failures.Select(failure => failure.Message))}).")
{
    /// <summary>In the order in which they failed.</summary>
    public IReadOnlyList<CallException> Failures { get; } = failures;
}
