using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Budget;

/// <summary>
/// What a pod tells the ledger, and wants of it. Everything in it may be said again, with the same result: amounts are totals, and uses
/// have ids.
/// </summary>
/// <param name="Owner">The pod's life: another one after each restart.</param>
/// <param name="Leases">Its leases that are new, have changed, or are to live on.</param>
/// <param name="Uses">What turns have used.</param>
/// <param name="ProducedTokens">Tokens that its answers have consumed and produced, as they came, since this life began.</param>
public sealed record BudgetSync(
    [property: StringLength(128, MinimumLength = 1)] string Owner,
    [property: MaxLength(1_024)] IReadOnlyList<LeaseWant> Leases,
    [property: MaxLength(1_024)] IReadOnlyList<BudgetUse> Uses,
    [property: Range(0, long.MaxValue)] long ProducedTokens);

/// <summary>
/// One lease as its owner sees it. It begins with its first mention, belongs to the windows of that instant and ends with the first of
/// them to end. What it has been granted counts as spent; only its living owner can give some of it back, by closing it.
/// </summary>
/// <param name="Id">Unique; new for each window.</param>
/// <param name="Tenant">Whose budget.</param>
/// <param name="Tier">At what tier.</param>
/// <param name="SpentTokens">Spent from it for good, so far: granted whatever the limits say, since it is gone.</param>
/// <param name="WantTokens">Wanted in total, the spent included: granted as far as there is some.</param>
/// <param name="LeastTokens">In total, the least that is of use: else nothing more is granted.</param>
/// <param name="SpentMicroUsd">As the tokens.</param>
/// <param name="WantMicroUsd">As the tokens.</param>
/// <param name="LeastMicroUsd">As the tokens.</param>
/// <param name="HeldTokens">What the pod has been told that it is granted, in total: by it a ledger that has lost its data learns of the lease again.</param>
/// <param name="HeldMicroUsd">As the tokens.</param>
/// <param name="Overdraw">Whether the limits do not bind it: a VIP's. It counts all the same.</param>
/// <param name="Close">Whether what is not spent goes back.</param>
public sealed record LeaseWant(
    [property: StringLength(64, MinimumLength = 1)] string Id,
    [property: StringLength(64, MinimumLength = 1)] string Tenant,
    [property: StringLength(64, MinimumLength = 1)] string Tier,
    [property: Range(0, 1_000_000_000_000)] long SpentTokens,
    [property: Range(0, 1_000_000_000_000)] long WantTokens,
    [property: Range(0, 1_000_000_000_000)] long LeastTokens = 0,
    [property: Range(0, 1_000_000_000_000)] long SpentMicroUsd = 0,
    [property: Range(0, 1_000_000_000_000)] long WantMicroUsd = 0,
    [property: Range(0, 1_000_000_000_000)] long LeastMicroUsd = 0,
    [property: Range(0, 1_000_000_000_000)] long HeldTokens = 0,
    [property: Range(0, 1_000_000_000_000)] long HeldMicroUsd = 0,
    bool Overdraw = false,
    bool Close = false);

/// <summary>What the ledger says to a lease.</summary>
/// <param name="Id">Which.</param>
/// <param name="Tokens">Granted in total.</param>
/// <param name="MicroUsd">Granted in total.</param>
/// <param name="EndsInMilliseconds">How long it holds from now on; 0: it is over, and what it has left is worth nothing.</param>
/// <param name="RetryAfterMilliseconds">When less was granted than wanted: how long until there may be more; else 0.</param>
public sealed record LeaseGrant(string Id, long Tokens, long MicroUsd, long EndsInMilliseconds, long RetryAfterMilliseconds = 0);

/// <summary>The answer to <see cref="BudgetSync"/>.</summary>
/// <param name="Leases">In the order asked.</param>
public sealed record BudgetSyncReply(IReadOnlyList<LeaseGrant> Leases);
