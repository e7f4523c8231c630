using AspireAgent.Budget.Ledger;

namespace AspireAgent.Budget.Breaker.Velocity;

/// <summary>Where the burnt tokens of all pods are read: the ledger.</summary>
internal interface IBurnSource
{
    /// <summary>All seconds from <paramref name="sinceSecond"/> on, as far as they are kept; 0: all.</summary>
    Task<BurnSeconds> ReadBurnAsync(long sinceSecond, CancellationToken cancellationToken);
}
