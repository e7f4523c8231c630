using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Limits;
using AspireAgent.Contracts.Budget;
using AspireAgent.Signals;
using AspireAgent.Signals.Publishing;
using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>The budget signal: the system's window as it stands. Reading it also puts back limits that the store has lost.</summary>
internal sealed class BudgetSource(IConnectionMultiplexer redis, LimitStore limits, LatestBurn burn) : ISignalSource<BudgetStatus>
{
    private const string Kind = "budget";

    /// <inheritdoc />
    public async Task<SignalValue<BudgetStatus>> ReadAsync(CancellationToken cancellationToken)
    {
        await limits.ReadAsync();
        var (node, endsAt, revision) = (await limits.StandAsync(BudgetNames.System, numbered: true))!;
        var view = burn.Current;
        return new SignalValue<BudgetStatus>(
            revision, new BudgetStatus(node.Limit.LimitTokens ?? long.MaxValue, node.UsedTokens, endsAt, node.GrantedTokens, view.Rate, view.Breaker));
    }

    /// <inheritdoc />
    public Task<IAsyncDisposable> OnWakeAsync(Action woken) => SignalWakes.SubscribeAsync(redis, Kind, woken);

    /// <summary>Has every publisher read at once.</summary>
    public Task WakeAsync() => SignalWakes.SendAsync(redis, Kind);
}
