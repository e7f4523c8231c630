using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Agent.Admission;

/// <summary>
/// Lets turns in by the budget: by the signal as it was at the input (B4), then by what is left of the lease in hand. What a turn has used
/// is settled with that lease and told to the ledger.
/// </summary>
/// <param name="budget">The leases.</param>
/// <param name="outputs">How long answers are.</param>
/// <param name="produced">Counts for the burn velocity.</param>
/// <param name="report">Tells the ledger.</param>
/// <param name="time">For how long the cost breaker stays open.</param>
/// <param name="metrics">Counts what it pauses; the leases count the rest.</param>
internal sealed class TurnAdmission(
    ITurnBudget budget, OutputEstimator outputs, ProducedTokens produced, Action<BudgetUse> report, TimeProvider time,
    AdmissionMetrics metrics)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15); // pods' clocks may differ from the ledger's

    /// <summary>What a turn is going to hold.</summary>
    public TurnSpending Begin() => new(produced);

    /// <summary>Reserves the prompt and as much of an answer as its route usually gives; null: it may begin.</summary>
    /// <param name="turn">The turn. What was admitted once goes on.</param>
    /// <param name="route">The route that is to answer.</param>
    /// <param name="size">Its prompt, and the answer's cap.</param>
    /// <param name="spending">Holds the reservation.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TurnRefusal?> AdmitAsync(
        TurnRequest turn, ModelRoute route, PromptSize size, TurnSpending spending, CancellationToken cancellationToken)
    {
        var isVip = IsVip(turn);
        var output = Math.Min(size.MaxOutputTokens, outputs.Estimate(route.Name) ?? size.MaxOutputTokens);
        var cost = new BudgetCost(size.PromptTokens + output, route.MicroUsd(size.PromptTokens, output));
        if (turn.Cut is not null)
        {
            spending.Hold(budget.Resume(AccountOf(turn), cost, isVip), cost);
            return null;
        }

        if (!isVip && turn.Budget?.Breaker is { State: CostBreakerState.Open, Action: CostAction.Pause } breaker)
        {
            metrics.Decided(AdmissionOutcome.Paused, turn.State.Tier);
            return new TurnRefusal(ProblemTypes.CostBreakerOpen, Pause(breaker));
        }

        var decision = await budget.AdmitAsync(AccountOf(turn), cost, isVip, cancellationToken);
        if (!decision.IsAdmitted)
        {
            return new TurnRefusal(ProblemTypes.BudgetExhausted, decision.RetryAfter);
        }

        spending.Hold(decision.Reservation, cost);
        return null;
    }

    /// <summary>Whether the cost breaker moves the turn to the cheap plan.</summary>
    public static bool IsDowngraded(TurnRequest turn) =>
        turn.Cut is null && !IsVip(turn) && turn.Budget?.Breaker is { State: CostBreakerState.Open, Action: CostAction.Downgrade };

    /// <summary>A turn's part in this pod is over.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="id">Of the part.</param>
    /// <param name="models">What it used.</param>
    /// <param name="spending">What it held; null: it was another pod's part, whose lease is not ours.</param>
    public void Book(TurnRequest turn, string id, IReadOnlyList<ModelUse> models, TurnSpending? spending)
    {
        spending?.Settle(new BudgetCost(models.Sum(use => use.InputTokens + use.OutputTokens), models.Sum(use => use.MicroUsd)));
        if (models.Count > 0)
        {
            report(new BudgetUse(id, turn.State.Tenant, turn.State.Tier, models));
        }
    }

    /// <summary>A route has given a whole answer.</summary>
    public void Answered(string route, long outputTokens) => outputs.Settled(route, outputTokens);

    private static bool IsVip(TurnRequest turn) => turn.State.Tier == Caller.VipTier;

    private static BudgetAccount AccountOf(TurnRequest turn) => new(turn.State.Tenant, turn.State.Tier);

    private TimeSpan? Pause(CostBreaker breaker) => breaker.Until is not { } until ? null
        : until - time.GetUtcNow() is var left && left < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1)
        : left > LongestPause ? LongestPause : left;
}

/// <summary>Why a turn was not let in.</summary>
/// <param name="Error">The slug.</param>
/// <param name="RetryAfter">When it may be; null: nobody knows.</param>
internal sealed record TurnRefusal(string Error, TimeSpan? RetryAfter);
