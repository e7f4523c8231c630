using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Admission;

/// <summary>
/// What one turn holds of the budget while it runs: as much as was reserved, and more as soon as it burns more. Thread-safe.
/// </summary>
/// <param name="produced">Counts for the burn velocity.</param>
internal sealed class TurnSpending(ProducedTokens produced)
{
    private const int LeastStep = 64;
    private const int StepShare = 4; // a quarter of what was reserved at a time

    private readonly Lock _gate = new();
    private Reservation _reservation;
    private BudgetCost _reserved;
    private long _burnt;

    /// <summary>The turn was let in with this.</summary>
    public void Hold(Reservation reservation, in BudgetCost cost)
    {
        lock (_gate)
        {
            (_reservation, _reserved) = (reservation, cost);
        }
    }

    /// <summary>Tokens have just gone, as far as can be told by now.</summary>
    public void Burn(TokenUsage used)
    {
        var tokens = used.Input + used.Output;
        produced.Produced(tokens);
        lock (_gate)
        {
            _burnt += tokens;
            if (_burnt > _reserved.Tokens && _reserved.Tokens > 0)
            {
                var needed = _burnt - _reserved.Tokens;
                _reserved += _reservation.Extend(Priced(Math.Max(Math.Max(LeastStep, _reserved.Tokens / StepShare), needed)), Priced(needed));
            }
        }
    }

    /// <summary>The turn is over and has used this: the reservation gives back the rest, or takes what it lacks.</summary>
    public void Settle(in BudgetCost used)
    {
        lock (_gate)
        {
            produced.Produced(Math.Max(0, used.Tokens - _burnt));
            _reservation.Settle(used);
        }
    }

    private BudgetCost Priced(long more) => new(more, (long)((double)_reserved.MicroUsd / _reserved.Tokens * more));
}
