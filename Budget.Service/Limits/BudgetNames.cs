using System.Text.RegularExpressions;

namespace AspireAgent.Budget.Limits;

/// <summary>Names of budgets.</summary>
internal static partial class BudgetNames
{
    public const string System = "system";

    public static string Tier(string tier) => $"tier/{tier}";

    public static string Tenant(string tenant) => $"tenant/{tenant}";

    /// <summary>Whether a tier or a tenant may be called so: as in the configuration's layers.</summary>
    public static bool IsValid(string name) => Pattern().IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}\z")]
    private static partial Regex Pattern();
}
