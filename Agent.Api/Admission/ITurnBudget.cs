using AspireAgent.Agent.Admission.Leases;

namespace AspireAgent.Agent.Admission;

/// <summary>Where turns get what they may cost.</summary>
internal interface ITurnBudget
{
    /// <summary>Takes what a turn may cost, or refuses it.</summary>
    /// <param name="account">Whose budget; a tenant and a tier of at most 64 characters.</param>
    /// <param name="cost">What the turn may cost; not negative.</param>
    /// <param name="isVip">Whether limits do not bind it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<BudgetDecision> AdmitAsync(BudgetAccount account, in BudgetCost cost, bool isVip, CancellationToken cancellationToken);

    /// <summary>Takes what a turn may cost that was admitted before, by another pod: it is never refused.</summary>
    Reservation Resume(BudgetAccount account, in BudgetCost cost, bool isVip);
}
