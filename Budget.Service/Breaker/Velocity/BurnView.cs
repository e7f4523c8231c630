using AspireAgent.Contracts.Budget;

namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>What the budget's status says of velocity and breaker.</summary>
/// <param name="Rate">How fast tokens go; null: not read yet.</param>
/// <param name="Breaker">The cost breaker; null: closed, and never was anything else.</param>
internal sealed record BurnView(BurnRate? Rate, CostBreaker? Breaker);

/// <summary>Where this instance stands: written by <see cref="BreakerWatch"/>, read by whoever publishes the budget's status.</summary>
internal sealed class LatestBurn
{
    private volatile BurnView _current = new(null, null);

    /// <summary>The latest that is known; it stands while the store cannot be reached.</summary>
    public BurnView Current
    {
        get => _current;
        set => _current = value;
    }
}
