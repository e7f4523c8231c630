namespace AspireAgent.Agent.Admission.Leases;

/// <summary>What something costs, or may.</summary>
/// <param name="Tokens">Input and output together; 0: it costs none, and their limits do not bind it.</param>
/// <param name="MicroUsd">Millionths of a US dollar; 0 likewise.</param>
internal readonly record struct BudgetCost(long Tokens, long MicroUsd)
{
    public static BudgetCost operator +(BudgetCost one, BudgetCost other) => new(one.Tokens + other.Tokens, one.MicroUsd + other.MicroUsd);

    public static BudgetCost operator -(BudgetCost one, BudgetCost other) => new(one.Tokens - other.Tokens, one.MicroUsd - other.MicroUsd);

    public static BudgetCost Min(BudgetCost one, BudgetCost other) =>
        new(Math.Min(one.Tokens, other.Tokens), Math.Min(one.MicroUsd, other.MicroUsd));

    public static BudgetCost Max(BudgetCost one, BudgetCost other) =>
        new(Math.Max(one.Tokens, other.Tokens), Math.Max(one.MicroUsd, other.MicroUsd));

    /// <summary>By how much this is more than another; in neither dimension less than 0.</summary>
    public BudgetCost Over(BudgetCost other) => Max(this - other, default);
}
