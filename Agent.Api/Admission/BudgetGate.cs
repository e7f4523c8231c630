using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Agent.Admission;

/// <summary>Decides by the budget signal, as sampled at the input, whether a turn may begin.</summary>
internal sealed class BudgetGate(TimeProvider time)
{
    /// <summary>VIPs always; others while the window has tokens left. A window that is over says nothing about the next.</summary>
    public bool Admits(string tier, BudgetStatus? budget) =>
        tier == Caller.VipTier || budget is null || budget.RemainingTokens > 0 || budget.WindowEndsAt <= time.GetUtcNow();
}
