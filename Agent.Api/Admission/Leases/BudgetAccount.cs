namespace AspireAgent.Agent.Admission.Leases;

/// <summary>Whose budget is used.</summary>
/// <param name="Tenant">The tenant, as the caller's token says.</param>
/// <param name="Tier">Its service class.</param>
internal readonly record struct BudgetAccount(string Tenant, string Tier);
