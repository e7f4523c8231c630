using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Contracts.Budget;

/// <summary>What one turn, or one owner's part of it, has used.</summary>
/// <param name="Id">Makes a repeat harmless.</param>
/// <param name="Tenant">Whose turn.</param>
/// <param name="Tier">At what tier.</param>
/// <param name="Models">By model: several, where a turn was hedged, moved on or called tools.</param>
public sealed record BudgetUse(
    [property: StringLength(64, MinimumLength = 1)] string Id,
    [property: StringLength(64, MinimumLength = 1)] string Tenant,
    [property: StringLength(64, MinimumLength = 1)] string Tier,
    [property: MinLength(1), MaxLength(64)] IReadOnlyList<ModelUse> Models);

/// <summary>What a turn has used of one model.</summary>
/// <param name="Model">The requested model's name.</param>
/// <param name="InputTokens">Shown to it.</param>
/// <param name="OutputTokens">Said by it.</param>
/// <param name="MicroUsd">At the route's prices.</param>
public sealed record ModelUse(
    [property: StringLength(128, MinimumLength = 1)] string Model,
    [property: Range(0, 1_000_000_000)] long InputTokens,
    [property: Range(0, 1_000_000_000)] long OutputTokens,
    [property: Range(0, 1_000_000_000_000)] long MicroUsd);

/// <summary>What was used in an hour by a tenant, at a tier, of a model.</summary>
/// <param name="Hour">Its beginning, on the store's clock.</param>
/// <param name="Tenant">Whose turns.</param>
/// <param name="Tier">At what tier.</param>
/// <param name="Model">The requested model's name.</param>
/// <param name="Turns">How many turns, or parts of turns by one owner.</param>
/// <param name="InputTokens">Shown.</param>
/// <param name="OutputTokens">Said.</param>
/// <param name="MicroUsd">Cost.</param>
public sealed record UsageRecord(
    DateTimeOffset Hour, string Tenant, string Tier, string Model, long Turns, long InputTokens, long OutputTokens, long MicroUsd);

/// <summary>The answer of <c>GET /v1/budget/usage</c>.</summary>
public sealed record UsageReport(IReadOnlyList<UsageRecord> Usage);
