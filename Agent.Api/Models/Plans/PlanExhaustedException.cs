using AspireAgent.Agent.Models.Calls;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>No route of a plan could answer. The message names each with its failure.</summary>
internal sealed class PlanExhaustedException(IReadOnlyList<CallException> failures, bool isRefused)
    : Exception($"No route could answer ({string.Join("; ", failures.Select(failure => failure.Message))}).")
{
    /// <summary>Whether the request itself was refused, so that it was of no use to ask on.</summary>
    public bool IsRefused { get; } = isRefused;

    /// <summary>In the plan's order.</summary>
    public IReadOnlyList<CallException> Failures { get; } = failures;
}
