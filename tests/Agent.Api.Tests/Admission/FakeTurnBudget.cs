using AspireAgent.Agent.Admission;
using AspireAgent.Agent.Admission.Leases;

namespace AspireAgent.Agent.Tests.Admission;

/// <summary>A budget that has enough, until the test says that it has not. It keeps what it was asked.</summary>
internal sealed class FakeTurnBudget : ITurnBudget
{
    private readonly Lock _lock = new();
    private readonly List<(BudgetAccount Account, BudgetCost Cost, bool IsVip)> _asked = [];

    /// <summary>How long those who are not VIPs have to wait; null: there is enough.</summary>
    public TimeSpan? Exhausted { get; set; }

    /// <summary>What turns asked for.</summary>
    public IReadOnlyList<(BudgetAccount Account, BudgetCost Cost, bool IsVip)> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public ValueTask<BudgetDecision> AdmitAsync(BudgetAccount account, in BudgetCost cost, bool isVip, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _asked.Add((account, cost, isVip));
        }

        return new(Exhausted is { } wait && !isVip ? BudgetDecision.Refused(wait) : BudgetDecision.Admitted(default));
    }

    public Reservation Resume(BudgetAccount account, in BudgetCost cost, bool isVip) => default;
}
